import { LOOK_MS, RedisPresence } from '../../../src/backends/cluster/presence.ts';
import { settle, virtualClock } from '../../support/virtual-clock.ts';

function world() {
  const clock = virtualClock();
  const state = { listeners: new Map<string, number>(), steady: true, answers: true, asked: 0 };
  const dropped: string[] = [];
  const gone: string[] = [];
  const presence = new RedisPresence({
    async listeners(ids) {
      state.asked += 1;
      if (!state.answers) throw new Error('no answer');
      return ids.map((id) => state.listeners.get(id) ?? 0);
    },
    steady: () => state.steady,
    known: () => ['a', 'b'],
    drop: (id) => dropped.push(id),
    clock,
  });
  state.listeners.set('a', 1).set('b', 1);
  presence.onGone((id) => gone.push(id));
  const end = presence.watch();
  return { clock, state, dropped, gone, presence, end };
}

describe('who is there', () => {
  test('X7 nobody listening for a quarter of a second is gone, reported once and dropped; a shorter break is not', async () => {
    const { clock, state, dropped, gone, presence, end } = world();
    state.listeners.set('a', 0);
    await clock.advance(2 * LOOK_MS);
    state.listeners.set('a', 1);
    await clock.advance(10 * LOOK_MS);
    expect(gone).toEqual([]);
    state.listeners.set('a', 0);
    await clock.advance(3 * LOOK_MS);
    expect([gone, dropped]).toEqual([['a'], ['a']]);
    await clock.advance(100 * LOOK_MS);
    expect(gone).toEqual(['a']);
    expect([presence.isDead('a'), presence.isDead('b')]).toEqual([true, false]);
    state.listeners.set('a', 1);
    await clock.advance(LOOK_MS);
    expect(presence.isDead('a')).toBe(false);
    end();
    expect(clock.pending()).toBe(0);
  });

  test('X7 whoever asks is told after two looks', async () => {
    const { clock, state, presence, end } = world();
    const ask = async (id: string): Promise<boolean> => {
      const answer = presence.isGone(id);
      await clock.advance(250);
      return answer;
    };
    expect(await ask('a')).toBe(false);
    expect(await ask('nobody knows')).toBe(true);
    state.listeners.set('a', 0);
    const blinking = presence.isGone('a');
    await settle();
    state.listeners.set('a', 1);
    await clock.advance(250);
    expect(await blinking).toBe(false);
    end();
  });

  test('X3 while Redis is away or came back a moment ago nobody is declared gone, and looks from before do not count', async () => {
    const { clock, state, gone, presence, end } = world();
    state.listeners.set('a', 0);
    await clock.advance(2 * LOOK_MS);
    state.answers = false;
    await clock.advance(LOOK_MS);
    await expect(presence.isGone('a')).rejects.toThrow('no answer');
    state.answers = true;
    await clock.advance(2 * LOOK_MS);
    expect(gone).toEqual([]);
    state.steady = false;
    await clock.advance(20 * LOOK_MS);
    await expect(presence.isGone('a')).rejects.toMatchObject({ type: 'unavailable' });
    state.steady = true;
    await clock.advance(2 * LOOK_MS);
    expect(gone).toEqual([]);
    await clock.advance(LOOK_MS);
    expect(gone).toEqual(['a']);
    end();
  });
});
