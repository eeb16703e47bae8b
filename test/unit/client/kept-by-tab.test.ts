/** What belongs to the tab it was made in. */
import type { Environment } from '../../../public/src/chat-client/environment.ts';
import { KeptByTab } from '../../../public/src/chat-client/kept-by-tab.ts';

describe('kept by tab', () => {
  let values: Map<string, string>;
  let alive: string[];
  let now: number;
  beforeEach(() => {
    values = new Map();
    alive = [];
    now = 0;
  });

  const tab = (id: string, prefix = 'drafts:http://a:'): KeptByTab => {
    alive.push(id);
    const environment: Pick<Environment, 'clock' | 'storage' | 'tab' | 'exclusively'> = {
      clock: { now: () => (now += 1), after: () => () => {} },
      storage: { get: (key) => values.get(key) ?? null, set: (key, value) => void values.set(key, value), remove: (key) => void values.delete(key), keys: () => [...values.keys()] },
      tab: { id, isAlive: async (other) => alive.includes(other) },
      exclusively: (_name, task) => task(),
    };
    return new KeptByTab(environment as Environment, prefix);
  };
  const end = (id: string): void => void (alive = alive.filter((other) => other !== id));
  const offered = async (kept: KeptByTab, chat: string | null, takes = true): Promise<string[]> => {
    const seen: string[] = [];
    await kept.takeOver(chat, (value) => {
      seen.push(value);
      return takes;
    });
    return seen;
  };

  it('B46 it is there for the same tab, per chat, and no other tab has or removes it', async () => {
    const [first, second] = [tab('first'), tab('second')];
    first.set(null, 'Of the first');
    first.set('chat1', 'Of a chat');
    second.set(null, 'Of the second');
    second.remove('chat1');
    expect([first.get(null), first.get('chat1'), second.get(null), second.get('chat1'), second.has('chat1')]).toEqual(['Of the first', 'Of a chat', 'Of the second', null, true]);
    expect([await offered(second, null), await offered(second, 'chat1')]).toEqual([[], []]);
    first.remove(null);
    expect([tab('first').get(null), tab('first').get('chat1'), second.get(null)]).toEqual([null, 'Of a chat', 'Of the second']);
  });

  it('B46 when its tab is gone the next one takes it over, once; what is not taken stays', async () => {
    tab('first').set(null, 'Older');
    tab('second').set(null, 'Newer');
    tab('second').set('chat1', 'Of a chat');
    const third = tab('third');
    end('first');
    end('second');
    expect(await offered(third, null, false)).toEqual(['Newer', 'Older']);
    expect(await offered(third, null)).toEqual(['Newer', 'Older']);
    expect(await offered(third, null)).toEqual([]);
    expect(third.has('chat1')).toBe(true);
  });

  it('B46 the oldest make room, and signing out leaves nothing of this server', () => {
    const other = tab('first', 'drafts:http://a:4100:');
    other.set('chat0', 'Of another server');
    const first = tab('first');
    for (let i = 0; i < 60; i += 1) first.set(`chat${i}`, 'x');
    for (let i = 0; i < 5; i += 1) first.set('chat59', `y${i}`);
    expect([first.has('chat9'), first.has('chat10'), first.get('chat59')]).toEqual([false, true, 'y4']);
    first.clear();
    expect([...values.keys()]).toEqual(['drafts:http://a:4100:chat0:first']);
    expect(other.get('chat0')).toBe('Of another server');
  });
});
