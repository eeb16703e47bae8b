import { ServiceBroker } from 'moleculer';
import auditService from '../../services/audit.service.ts';
import type { AuditEntry } from '../../src/backends/contracts.ts';
import { loadConfig } from '../../src/config.ts';
import { provideNode } from '../../src/node-context.ts';
import { call } from '../../src/typed-call.ts';
import { ZodValidator } from '../../src/zod-validator.ts';
import { stubBackends } from '../support/stub-backends.ts';
import { until } from '../support/until.ts';

const entry: AuditEntry = { id: 'e1', at: '2026-01-01T00:00:00.000Z', type: 'login.refused', sessionId: null, userId: null, epoch: null, seq: null, data: {} };

async function node(env: Record<string, string>) {
  let waiting = [{ key: 'k1', entry }];
  const delivered: string[] = [];
  let empty = 0;
  let peeks = 0;
  const backends = stubBackends({
    outbox: {
      add: () => Promise.resolve(),
      peek: (limit) => {
        peeks += 1;
        return Promise.resolve(waiting.slice(0, limit));
      },
      remove: (keys) => Promise.resolve(void (waiting = waiting.filter(({ key }) => !keys.includes(key)))),
      stats: () => Promise.resolve({ entries: waiting.length, bytes: waiting.length * 100, shed: 4 }),
    },
    sink: {
      deliver: (entries) => {
        if (entries.length === 0) empty += 1;
        delivered.push(...entries.map(({ id }) => id));
        return entries.length === 0 ? Promise.reject(new Error('not there yet')) : Promise.resolve();
      },
      read: () => Promise.resolve(),
    },
  });
  const broker = new ServiceBroker({ logger: false, skipProcessEventRegistration: true, validator: new ZodValidator() });
  provideNode(broker, { config: loadConfig(env), backends });
  broker.createService(auditService);
  await broker.start();
  return { broker, delivered, peeks: () => peeks, empty: () => empty };
}

describe('the audit service', () => {
  test('A5 what lies in the outbox is delivered, and status says so', async () => {
    const { broker, delivered } = await node({ AUDIT_DRAIN_MS: '10' });
    await until('the entry is delivered', async () => (await call(broker, 'audit.status', {})).delivered === 1);
    expect(delivered).toEqual(['e1']);
    expect(await call(broker, 'audit.status', {})).toEqual({ entries: 0, bytes: 0, shed: 4, oldestMs: 0, delivered: 1, failures: 0, failing: false });
    await broker.stop();
  });

  /** As long as another node needs to look at its outbox a few times. */
  async function aWhile(): Promise<void> {
    const other = await node({ AUDIT_DRAIN_MS: '5' });
    await until('another node looks again and again', () => other.peeks() > 3);
    await other.broker.stop();
  }

  test('A5 after its stop it asks for nothing more', async () => {
    const { broker, peeks } = await node({ AUDIT_DRAIN_MS: '5' });
    await until('it looks again and again', () => peeks() > 2);
    await broker.stop();
    const before = peeks();
    await aWhile();
    expect(peeks()).toBe(before);
  });

  test('N80 it makes the trail ready before the first entry, once; with AUDIT=off never', async () => {
    const nodes = await Promise.all([node({}), node({ AUDIT: 'off' })]);
    expect(nodes.map(({ empty }) => empty())).toEqual([1, 0]);
    await Promise.all(nodes.map(({ broker }) => broker.stop()));
  });

  test('A27 the status says how much waits, and for how long', async () => {
    const { broker } = await node({ AUDIT: 'off' });
    const status = await call(broker, 'audit.status', {});
    expect(status).toMatchObject({ entries: 1, bytes: 100 });
    expect(Math.abs(Date.now() - Date.parse(entry.at) - status.oldestMs)).toBeLessThan(60_000);
    await broker.stop();
  });

  test('A6 with AUDIT=off nothing is drained and status still answers', async () => {
    const { broker, peeks } = await node({ AUDIT: 'off', AUDIT_DRAIN_MS: '5' });
    await aWhile();
    expect(await call(broker, 'audit.status', {})).toEqual({ entries: 1, bytes: 100, shed: 4, oldestMs: expect.any(Number), delivered: 0, failures: 0, failing: false });
    // The question after the oldest entry is the only one.
    expect(peeks()).toBe(1);
    await broker.stop();
  });
});
