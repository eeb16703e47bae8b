import { ServiceBroker } from 'moleculer';
import historyService from '../../services/history.service.ts';
import type { HistoryStore } from '../../src/backends/contracts.ts';
import { loadConfig } from '../../src/config.ts';
import { chatError, toWireError } from '../../src/errors.ts';
import { provideNode } from '../../src/node-context.ts';
import type { SessionRecord } from '../../src/protocol/broker.ts';
import { DEFAULT_PAGE, SEARCH_HITS } from '../../src/protocol/limits.ts';
import type { Message } from '../../src/protocol/wire.ts';
import { call } from '../../src/typed-call.ts';
import { ZodValidator } from '../../src/zod-validator.ts';
import { stubBackends } from '../support/stub-backends.ts';

const record: SessionRecord = { id: 's1', userId: 'u1', title: 'Title', rev: 1, createdAt: 'now', updatedAt: 'now', messageCount: 1, nextPosition: 2, tip: 'm1' };
const message: Message = { id: 'm1', sessionId: 's1', position: 1, role: 'user', content: 'hello', status: 'complete', parentId: null, createdAt: 'now' };

/** A store that notes what it was asked; each method can be made to fail. */
function recordingStore() {
  const asked: unknown[] = [];
  const failures = new Map<string, Error>();
  const reply = <T>(method: string, args: unknown[], value: T): Promise<T> => {
    asked.push([method, ...args]);
    const failure = failures.get(method);
    return failure ? Promise.reject(failure) : Promise.resolve(value);
  };
  const store: HistoryStore = {
    store: (...args) => reply('store', args, { deleted: false }),
    session: (...args) => reply('session', args, { record, deleted: false }),
    message: (...args) => reply('message', args, message),
    page: (...args) => reply('page', args, { messages: [message], hasMore: true }),
    outline: (...args) => reply('outline', args, [{ id: 'm1', parentId: null, role: 'user', position: 1 }]),
    list: (...args) => reply('list', args, { sessions: [record], hasMore: false }),
    messages: (...args) => reply('messages', args, [message]),
    shared: (...args) => reply('shared', args, null),
    search: (...args) => reply('search', args, { found: [{ session: record, messages: [message] }], hasMore: false }),
    remove: (...args) => reply('remove', args, undefined),
  };
  return { store, asked, failures };
}

describe('the history service', () => {
  const { store, asked, failures } = recordingStore();
  const broker = new ServiceBroker({ logger: false, skipProcessEventRegistration: true, validator: new ZodValidator() });

  beforeAll(async () => {
    provideNode(broker, { config: loadConfig({}), backends: stubBackends({ history: store }) });
    broker.createService(historyService);
    await broker.start();
  });
  afterAll(() => broker.stop());
  beforeEach(() => {
    asked.length = 0;
    failures.clear();
  });

  test('H1 each action is one question to the store, and its answer the result', async () => {
    expect(await call(broker, 'history.store', { session: record, messages: [message] })).toEqual({ deleted: false });
    expect(await call(broker, 'history.session', { sessionId: 's1' })).toEqual({ record, deleted: false });
    expect(await call(broker, 'history.message', { sessionId: 's1', messageId: 'm1' })).toEqual(message);
    expect(await call(broker, 'history.page', { sessionId: 's1', before: 9, limit: 5 })).toEqual({ messages: [message], hasMore: true });
    expect(await call(broker, 'history.outline', { sessionId: 's1', after: 3 })).toEqual([{ id: 'm1', parentId: null, role: 'user', position: 1 }]);
    expect(await call(broker, 'history.list', { userId: 'u1', query: 'tea' })).toEqual({ sessions: [record], hasMore: false });
    expect((await call(broker, 'history.search', { userId: 'u1', query: 'hell', before: 'p', limit: 7 })).found).toHaveLength(1);
    expect(await call(broker, 'history.shared', { shareId: 'secret' })).toBeNull();
    await call(broker, 'history.remove', { sessionId: 's1', userId: 'u1', rev: 3 });
    expect(asked).toEqual([
      ['store', record, [message]],
      ['session', 's1'],
      ['message', 's1', 'm1'],
      ['page', 's1', 9, 5],
      ['outline', 's1', 3],
      ['list', 'u1', { before: undefined, query: 'tea', limit: DEFAULT_PAGE }],
      ['search', 'u1', { query: 'hell', before: 'p', limit: 7, hits: SEARCH_HITS + 1 }],
      ['shared', 'secret'],
      ['remove', 's1', 'u1', 3],
    ]);
  });

  test('H43 a search shows a line of each of the newest messages, and says when there are more', async () => {
    const texts = ['hello one', 'hello two', 'say hello', 'hello four'].map((content, index) => ({ ...message, id: `m${index}`, content }));
    jest.spyOn(store, 'search').mockResolvedValueOnce({ found: [{ session: { ...record, title: 'Hello' }, messages: texts }], hasMore: true, before: 'next' });
    const { found, hasMore, before } = await call(broker, 'history.search', { userId: 'u1', query: 'HELLO' });
    expect([hasMore, before, found.length]).toEqual([true, 'next', 1]);
    expect(found[0]).toMatchObject({ session: { id: 's1' }, titleRanges: [[0, 5]], moreHits: true });
    expect(found[0]?.hits).toHaveLength(SEARCH_HITS);
    expect(found[0]?.hits[2]).toEqual({ messageId: 'm2', position: 1, role: 'user', createdAt: 'now', excerpt: { text: 'say hello', ranges: [[4, 9]] } });
  });

  test('H43 without a word to look for the store is not asked', async () => {
    expect(await call(broker, 'history.search', { userId: 'u1', query: ' ?! ' })).toEqual({ found: [], hasMore: false });
    expect(asked).toEqual([]);
  });

  test('H2 a store that cannot answer is a retryable error that tells nothing of the store', async () => {
    failures.set('store', new Error('SQLITE_FULL: /data/holdfast.db'));
    const error = await call(broker, 'history.store', { session: record, messages: [] }).catch(toWireError);
    expect(error).toEqual({ code: 'unavailable', retryable: true, message: 'The history cannot be reached right now. Try again.' });
  });

  test('H2 an error meant for the user passes as it is', async () => {
    failures.set('list', chatError('invalid', 'before: is no page'));
    const error = await call(broker, 'history.list', { userId: 'u1', before: 'x' }).catch(toWireError);
    expect(error).toEqual({ code: 'invalid', retryable: false, message: 'before: is no page' });
  });

  test('H3 parameters of the wrong form never reach the store', async () => {
    const error = await broker.call('history.page', { sessionId: '../etc', limit: 0 }).catch(toWireError);
    expect(error).toMatchObject({ code: 'invalid' });
    expect(asked).toEqual([]);
  });
});
