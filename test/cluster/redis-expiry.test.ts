/** Redis ends what is due by itself: the same rules as EventLog.expire elsewhere, with short times. */
import { Redis } from 'ioredis';
import type { RedisStores } from '../../src/backends/cluster/redis-stores.ts';
import { auditEntry, batch, claimed, deltas, ownedSession, seedOf, type Owned } from '../contract/samples.ts';
import { settledStores } from '../support/cluster/redis-harness.ts';
import { describeWith } from '../support/servers/programs.ts';
import { testRedis } from '../support/servers/redis.ts';
import { until } from '../support/until.ts';

const EVENTS = 150;
const LOGS = 600;
const op = { id: 'op', result: { messageId: 'a', replyId: 'b' } };

describeWith(['redis-server'], 'expiry in Redis', () => {
  let stores: RedisStores;
  const over = { NODE_TTL_MS: 2_000, LOG_RETENTION_MS: EVENTS, LOG_META_MS: LOGS, LOG_EMPTY_MS: LOGS };
  beforeAll(async () => {
    stores = await settledStores((await testRedis()).url, over);
  });
  afterAll(() => stores.close());

  async function written(head: number, storedThrough: number): Promise<Owned> {
    const owned = await ownedSession(stores);
    await stores.log.append(batch(owned, deltas(head), { ops: [op] }));
    await stores.log.acknowledge(owned.lease, storedThrough);
    return owned;
  }
  const read = (owned: Owned) => stores.log.read(owned.meta.sessionId, 0);

  test('S22 S23 S24 stored events go, the log goes on after them; later the whole log goes', async () => {
    const owned = await written(5, 5);
    expect((await read(owned))?.events).toEqual(deltas(5));
    await until('its events to go', async () => (await read(owned))?.events.length === 0);
    expect((await read(owned))?.meta).toMatchObject({ firstSeq: 6, head: 5, storedThrough: 5 });
    expect(await stores.log.findOp(owned.meta.sessionId, op.id)).toEqual(op.result);
    expect(await stores.log.append(batch(owned, deltas(1, 6)))).toMatchObject({ status: 'appended' });
    expect(await read(owned)).toEqual({ meta: expect.objectContaining({ firstSeq: 6, head: 6 }), events: deltas(1, 6) });
    await stores.log.acknowledge(owned.lease, 6);
    await stores.leases.release(owned.lease);
    await until('its log to go', async () => (await read(owned)) === null);
    expect(await stores.log.findOp(owned.meta.sessionId, op.id)).toBeNull();
  });

  test('S22 S24 what history lacks stays, whatever was stored of it before and however old it is', async () => {
    const [lacking, again] = [await written(5, 3), await written(5, 5)];
    await stores.log.append(batch(again, deltas(1, 6)));
    const due = [await written(2, 2), await stores.log.create(seedOf())];
    await until('others of the same age to go', async () => (await read({ ...lacking, meta: due[1] as Owned['meta'] })) === null && (await read(due[0] as Owned)) === null);
    expect((await read(lacking))?.events).toEqual(deltas(5));
    expect((await read(again))?.events).toEqual(deltas(6));
    expect(await stores.log.findOp(again.meta.sessionId, op.id)).toEqual(op.result);
  });

  test('S22 in a session that goes on, what was stored a while ago goes, and nothing else', async () => {
    const owned = await written(4, 4);
    let head = 4;
    await until('the oldest events to go', async () => {
      head += 2;
      await stores.log.append(batch(owned, deltas(2, head - 1)));
      await stores.log.acknowledge(owned.lease, head - 1);
      return ((await read(owned))?.meta.firstSeq ?? 0) > 1;
    });
    const found = await read(owned);
    const firstSeq = found?.meta.firstSeq ?? 0;
    expect(firstSeq).toBe(5);
    expect(found?.events).toEqual(deltas(head - firstSeq + 1, firstSeq));
  });

  test('S25 a log that was never written to goes', async () => {
    const { sessionId } = await stores.log.create(seedOf());
    expect(await stores.log.meta(sessionId)).not.toBeNull();
    await until('it to go', async () => (await stores.log.meta(sessionId)) === null);
  });

  test('O22 epochs grow across the end of a log', async () => {
    const { lease } = await written(1, 1);
    await stores.leases.release(lease);
    await until('the log to go', async () => (await stores.log.meta(lease.sessionId)) === null);
    await stores.log.create(seedOf(lease.sessionId));
    expect((await claimed(stores, lease.sessionId, lease.nodeId)).epoch).toBeGreaterThan(lease.epoch);
  });

  test('R37 when every session has ended and its times are over, nothing of them is left in Redis', async () => {
    const server = await testRedis();
    const quiet = await settledStores(server.url, { ...over, LOCK_MS: 1_000 });
    const its = new Redis(server.url);
    await quiet.quotas.take('somebody', 1, 200);
    for (let i = 0; i < 5; i += 1) {
      const owned = await ownedSession(quiet);
      await quiet.log.append(batch(owned, deltas(3), { ops: [op], audit: [auditEntry(), auditEntry({ type: 'message.delta' })] }));
      await quiet.log.watchAccumulated([owned.meta.sessionId], Date.now() + 1_000);
      await quiet.log.acknowledge(owned.lease, 3);
      if (i % 2 === 0) await quiet.leases.release(owned.lease);
      await quiet.leases.leave(owned.lease.nodeId);
    }
    await quiet.outbox.remove((await quiet.outbox.peek(100)).map(({ key }) => key));
    const left = async (): Promise<string> => (await its.keys('*')).sort().join();
    await until('everything to end', async () => (await left()) === 'audit:outbox,audit:outbox:deltas,audit:stats,store:id,store:run');
    expect(await quiet.outbox.stats()).toEqual({ entries: 0, bytes: 0, shed: 0 });
    await quiet.close();
    await its.quit();
  });
});
