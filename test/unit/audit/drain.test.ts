import { Drain, type DrainPorts } from '../../../src/audit/drain.ts';
import type { AuditEntry, AuditOutbox } from '../../../src/backends/contracts.ts';
import { settle, virtualClock } from '../../support/virtual-clock.ts';

const entry = (id: string): AuditEntry => ({ id, at: '2026-01-01T00:00:00.000Z', type: 'message.created', sessionId: 's', userId: 'u', epoch: 1, seq: 1, data: {} });

function memoryOutbox(ids: string[]): AuditOutbox & { left: () => string[]; failRemove: number } {
  const waiting = ids.map((id) => ({ key: `key-${id}`, entry: entry(id) }));
  return {
    failRemove: 0,
    left: () => waiting.map(({ entry: { id } }) => id),
    add: (entries) => Promise.resolve(void waiting.push(...entries.map((one) => ({ key: `key-${one.id}`, entry: one })))),
    peek: (limit) => Promise.resolve(waiting.slice(0, limit)),
    remove(keys) {
      if (this.failRemove > 0) {
        this.failRemove -= 1;
        return Promise.reject(new Error('remove failed'));
      }
      for (const key of keys) waiting.splice(waiting.findIndex((one) => one.key === key), 1);
      return Promise.resolve();
    },
    stats: () => Promise.resolve({ entries: waiting.length, bytes: 0, shed: 0 }),
  };
}

function world(ids: string[], batch = 2) {
  const clock = virtualClock();
  const outbox = memoryOutbox(ids);
  const delivered: string[] = [];
  const attempts: number[] = [];
  const state = { down: false, log: [] as string[], slow: Promise.resolve() };
  const ports: DrainPorts = {
    clock,
    outbox,
    sink: {
      async deliver(entries) {
        attempts.push(clock.now());
        await state.slow;
        if (state.down) throw new Error('the sink is away');
        delivered.push(...entries.map(({ id }) => id));
      },
      read: () => Promise.reject(new Error('not read here')),
    },
    log: {
      outage: (_error, behind) => state.log.push(`outage, ${behind?.entries} wait`),
      recovered: ({ attempts: count, behind }) => state.log.push(`recovered after ${count}, ${behind?.entries} wait`),
    },
  };
  const drain = new Drain(ports, { batch, idleMs: 1_000, retryMaxMs: 4_000 });
  return { clock, outbox, delivered, attempts, state, drain };
}

describe('the audit drain', () => {
  test('A1 delivers the whole outbox in order and empties it', async () => {
    const { drain, clock, delivered, outbox } = world(['a', 'b', 'c', 'd', 'e']);
    drain.start();
    await clock.advance(100);
    expect(delivered).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(outbox.left()).toEqual([]);
    expect(drain.counts()).toEqual({ delivered: 5, failures: 0, failing: false });
  });

  test('A1 what is added later is delivered within the idle pause', async () => {
    const { drain, clock, delivered, outbox } = world([]);
    drain.start();
    await clock.advance(100);
    await outbox.add([entry('late')]);
    await clock.advance(1_000);
    expect(delivered).toEqual(['late']);
  });

  test('A2 an entry that the sink did not take stays in the outbox and is delivered once the sink is back', async () => {
    const { drain, clock, delivered, outbox, state } = world(['a', 'b', 'c']);
    state.down = true;
    drain.start();
    await clock.advance(20_000);
    expect(outbox.left()).toEqual(['a', 'b', 'c']);
    state.down = false;
    await clock.advance(10_000);
    expect(delivered).toEqual(['a', 'b', 'c']);
    expect(outbox.left()).toEqual([]);
  });

  test('A2 an entry whose removal failed is delivered again under the same id, never dropped', async () => {
    const { drain, clock, delivered, outbox } = world(['a']);
    outbox.failRemove = 1;
    drain.start();
    await clock.advance(5_000);
    expect(delivered).toEqual(['a', 'a']);
    expect(outbox.left()).toEqual([]);
  });

  test('A3 the pause between attempts doubles up to its limit', async () => {
    const { drain, clock, attempts, state } = world(['a']);
    state.down = true;
    drain.start();
    await clock.advance(20_000);
    const pauses = attempts.slice(1).map((at, index) => at - (attempts[index] ?? 0));
    expect(pauses.slice(0, 6)).toEqual([500, 1_000, 2_000, 4_000, 4_000, 4_000]);
  });

  test('A3 an outage is two lines in the log, however long it lasts', async () => {
    const { drain, clock, state } = world(['a', 'b', 'c'], 1);
    state.down = true;
    drain.start();
    await clock.advance(20_000);
    expect(drain.counts()).toMatchObject({ failing: true, failures: 8 });
    state.down = false;
    await clock.advance(10_000);
    expect(state.log).toEqual(['outage, 3 wait', 'recovered after 8, 2 wait']);
    expect(drain.counts()).toEqual({ delivered: 3, failures: 8, failing: false });
  });

  test('A4 stop ends after the batch at hand; the rest stays', async () => {
    const { drain, clock, outbox } = world(['a', 'b', 'c', 'd']);
    drain.start();
    await clock.advance(0);
    await drain.stop();
    await clock.advance(60_000);
    await settle();
    expect(outbox.left()).toEqual(['c', 'd']);
    expect(clock.pending()).toBe(0);
  });

  test('A4 stop waits for a delivery that is under way, and none follows', async () => {
    const { drain, clock, outbox, attempts, state } = world(['a', 'b', 'c']);
    let arrive = (): void => {};
    state.slow = new Promise((resolve) => {
      arrive = resolve;
    });
    drain.start();
    await clock.advance(0);
    const stopped = drain.stop();
    arrive();
    await stopped;
    expect(outbox.left()).toEqual(['c']);
    await clock.advance(60_000);
    expect(attempts).toHaveLength(1);
  });
});
