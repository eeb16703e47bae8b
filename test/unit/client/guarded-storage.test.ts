/** Storage that is full or forbidden, under the chat client. */
import { GuardedStorage, type StorageArea } from '../../../public/src/chat-client/guarded-storage.ts';
import { Observable } from '../../../public/src/chat-client/observable.ts';
import { until } from '../../support/until.ts';
import { openLive, openPage, startScripted, type Page, type Scripted } from './client-harness.ts';

/** As a browser's: all of it takes `room` characters. */
function area(values: Map<string, string>, room: { left: number }): StorageArea {
  return {
    get length() {
      return values.size;
    },
    key: (index) => [...values.keys()][index] ?? null,
    getItem: (key) => values.get(key) ?? null,
    removeItem(key) {
      room.left += values.get(key)?.length ?? 0;
      values.delete(key);
    },
    setItem(key, value) {
      const more = value.length - (values.get(key)?.length ?? 0);
      if (more > room.left) throw new DOMException('full', 'QuotaExceededError');
      room.left -= more;
      values.set(key, value);
    },
  };
}
const forbidden = (): StorageArea => {
  throw new DOMException('denied', 'SecurityError');
};

describe('guarded storage', () => {
  let values: Map<string, string>;
  let room: { left: number };
  let full: Observable<boolean>;
  let storage: GuardedStorage;
  beforeEach(() => {
    values = new Map();
    room = { left: 10 };
    full = new Observable(false);
    storage = new GuardedStorage(() => area(values, room), full);
  });

  it('B45 what has room is kept, and nothing is said', () => {
    storage.set('a', '12345');
    expect([storage.get('a'), values.get('a'), storage.lasting, full.value]).toEqual(['12345', '12345', true, false]);
  });

  it('B45 what has no room lies in memory over what is there, which stays, and this is told', () => {
    storage.set('a', '12345');
    storage.set('a', '12345678901');
    storage.set('b', '123456');
    expect([storage.get('a'), storage.get('b'), storage.keys().sort(), storage.lasting, full.value]).toEqual(['12345678901', '123456', ['a', 'b'], false, true]);
    expect([...values]).toEqual([['a', '12345']]);
    storage.remove('b');
    expect([storage.get('b'), storage.keys()]).toEqual([null, ['a']]);
  });

  it('B45 when something else goes, it takes the room', () => {
    storage.set('a', '1234567890');
    storage.set('b', '123');
    storage.remove('a');
    expect([...values]).toEqual([['b', '123']]);
    expect(storage.lasting).toBe(true);
  });

  it('B45 what another tab wrote since is newer, and is not written over', () => {
    storage.set('a', '1234567890');
    storage.set('b', '123');
    values.delete('a');
    values.set('b', 'new');
    expect(storage.get('b')).toBe('new');
    storage.set('c', 'x'.repeat(20));
    values.set('c', 'new');
    storage.remove('d');
    expect([values.get('b'), values.get('c'), storage.get('c')]).toEqual(['new', 'new', 'new']);
  });

  it.each([['throws', forbidden], ['is not there', () => null]])('B45 a storage that %s is memory, and that is not called full', (_what, open) => {
    storage = new GuardedStorage(open, full);
    storage.set('a', '1');
    expect([storage.get('a'), storage.keys(), storage.lasting, full.value]).toEqual(['1', ['a'], false, false]);
    storage.remove('a');
    expect(storage.get('a')).toBeNull();
  });
});

describe('the client on a full storage', () => {
  let scripted: Scripted;
  let second: Page;
  beforeEach(async () => {
    scripted = await startScripted();
  });
  afterEach(async () => {
    [scripted.page, second].forEach((page) => page.close());
    await scripted.server.close();
  });

  it('B45 sends a message and keeps what it has room for; who the reader is, is read', async () => {
    const { server, session, page } = scripted;
    await openLive(scripted);
    const values = new Map(page.storage);
    const full = new Observable(false);
    second = openPage(server, { keeper: new GuardedStorage(() => area(values, { left: 0 }), full) });
    await second.online();
    expect(server.guests.made).toBe(1);
    server.handlers['message:send'] = ({ clientMessageId, content }) => ({ ok: true, messageId: 'm', replyId: session.begin(content, clientMessageId), duplicate: false });
    const store = second.client.open(session.id);
    store.send('Hello');
    expect(store.snapshot.value.pending).toMatchObject([{ content: 'Hello' }]);
    expect([full.value, second.client.keepsUnsent]).toEqual([true, false]);
    await until('it to be sent', () => server.requestsNamed('message:send').length === 1);
    await until('it to be there', () => store.snapshot.value.pending.length === 0);
    expect(second.client.keepsUnsent).toBe(true);
  });
});
