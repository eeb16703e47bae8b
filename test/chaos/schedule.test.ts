import type { VerdictKind } from '../exactness/recording.ts';
import { mayLoseAll, unpromised } from './promised.ts';
import { scheduleOf, words, type Fault, type FaultKind, type Schedule } from './schedule.ts';
import { Timeline } from './timeline.ts';

const SEEDS = Array.from({ length: 500 }, (_, n) => n);
const fault = (kind: FaultKind, target: string, atMs: number, forMs = 0): Fault => ({ kind, target, atMs, forMs });
const withFaults = (...faults: Fault[]): Schedule => ({ seed: 0, stormMs: 9_000, faults, users: [] });

describe('schedules', () => {
  test('V42 the same seed gives the same schedule, another seed another one', () => {
    for (const seed of SEEDS) expect(scheduleOf(seed)).toEqual(scheduleOf(seed));
    expect(new Set(SEEDS.map((seed) => JSON.stringify(scheduleOf(seed).faults))).size).toBeGreaterThan(490);
  });

  test('V42 every kind of fault comes up, in order of time, over soon after the storm, each thing broken in one way at a time', () => {
    const all = SEEDS.map(scheduleOf);
    const kinds = new Set(all.flatMap(({ faults }) => faults.map(({ kind }) => kind)));
    expect(kinds.size).toBe(19);
    for (const { faults, stormMs } of all) {
      expect(faults.length).toBeGreaterThanOrEqual(1);
      faults.forEach((one, n) => {
        expect(one.atMs + one.forMs).toBeLessThan(stormMs + 3_000);
        const later = faults.slice(n + 1);
        for (const next of later) expect(next.atMs).toBeGreaterThanOrEqual(one.atMs);
        for (const next of later.filter(({ target }) => target === one.target)) expect(next.atMs).toBeGreaterThan(one.atMs + one.forMs);
      });
    }
  });

  test('V42 people send, stop, switch, reload and delete in them', () => {
    const users = SEEDS.slice(0, 50).flatMap((seed) => scheduleOf(seed).users);
    const turns = users.flatMap((user) => user.turns);
    expect(turns.some(({ twice }) => twice)).toBe(true);
    expect(turns.some(({ cancelAfterMs }) => cancelAfterMs !== null)).toBe(true);
    expect(users.some(({ deleteAtMs }) => deleteAtMs !== null)).toBe(true);
    expect(new Set(users.flatMap(({ moves }) => moves.map(({ kind }) => kind)))).toEqual(new Set(['switch', 'reload']));
  });

  test('V42 a fault is told in words', () => {
    expect(words({ kind: 'black-hole', target: 'gateway-2', connection: 'append', atMs: 0, forMs: 1_200 })).toBe('black-hole gateway-2 (append) for 1.2 s');
    expect(words({ kind: 'clock-jump', target: 'ai-1', amount: -60_000, atMs: 0, forMs: 2_000 })).toBe('clock-jump ai-1 by -60 s for 2.0 s');
    expect(words(fault('flush', 'redis', 0))).toBe('flush redis');
  });
});

describe('what is promised after a schedule', () => {
  test.each<[string, Schedule]>([
    ['everything after a killed owner and a killed Redis', withFaults(fault('kill', 'gateway-1', 1_000, 500), fault('kill-server', 'redis', 1_500, 3_000))],
    ['every message after a FLUSHALL alone', withFaults(fault('flush', 'redis', 1_000))],
    ['every message after a loss of the tail', withFaults(fault('lose-tail', 'redis', 1_000), fault('kill', 'ai-1', 1_000, 500))],
  ])('V43 %s', (_, schedule) => {
    expect(mayLoseAll(schedule)).toBe(false);
  });

  test.each<[string, Schedule]>([
    ['an owner dies beside a FLUSHALL', withFaults(fault('kill', 'gateway-1', 1_000, 500), fault('flush', 'redis', 2_000))],
    ['Redis loses its tail and then stays away', withFaults(fault('lose-tail', 'redis', 1_000), fault('kill-server', 'redis', 4_000, 3_000))],
  ])('V43 accepted messages may be lost when %s', (_, schedule) => {
    expect(mayLoseAll(schedule)).toBe(true);
  });

  test('V43 but never a gap, a repeat, a seq used twice, a stale write, mixed runs or two ends', () => {
    const worst = unpromised(withFaults(fault('flush', 'redis', 1_000), fault('lose-tail', 'redis', 3_000, 1_500), fault('kill', 'gateway-1', 1_000)));
    for (const kind of ['gap', 'repeat', 'reorder', 'seq-reused', 'stale-write', 'mixed-runs', 'two-ends', 'doubled', 'unknown'] satisfies VerdictKind[]) expect(worst.has(kind)).toBe(false);
  });
});

test('V43 a timeline is told in the order of time', () => {
  const timeline = new Timeline();
  const now = Date.now();
  timeline.say('second', now + 2_000);
  timeline.say('first', now + 1_000);
  expect(timeline.text()).toMatch(/^\s+[01]\.\d{3} s {2}first\n\s+[12]\.\d{3} s {2}second$/);
});
