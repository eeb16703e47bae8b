/** Writes under bad conditions: answers that are lost, a full Redis, scripts that are forgotten, many at once. */
import { Redis } from 'ioredis';
import type { RedisStores } from '../../src/backends/cluster/redis-stores.ts';
import { auditEntry, batch, claimed, deltas, joinedNode, ownedSession, seedOf, type Owned } from '../contract/samples.ts';
import { openStores, rejectsUnavailable, settledStores } from '../support/cluster/redis-harness.ts';
import { describeWith } from '../support/servers/programs.ts';
import { testRedis } from '../support/servers/redis.ts';
import { tcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

describeWith(['redis-server'], 'writes to a troubled Redis', () => {
  let url = '';
  let proxy: TcpProxy;
  let direct: RedisStores;
  let far: RedisStores;
  let admin: Redis;

  beforeAll(async () => {
    const server = await testRedis();
    url = server.url;
    proxy = await tcpProxy(server.port);
    direct = await settledStores(url);
    far = await openStores(proxy.url(url), { APPEND_TIMEOUT_MS: 300, NODE_TTL_MS: 60_000 });
    admin = new Redis(url);
  });
  afterEach(() => proxy.pass());
  afterAll(async () => {
    await Promise.all([direct.close(), far.close()]);
    await admin.quit();
  });

  test('S57 an append whose answer is lost is there whole or not at all, and its repeat writes nothing twice', async () => {
    const owned = await ownedSession(far);
    const outcomes = new Set<string>();
    for (let round = 0; round < 12; round += 1) {
      const first = round * 3 + 1;
      const entry = auditEntry({ sessionId: owned.meta.sessionId, seq: first });
      const request = batch(owned, deltas(3, first), { audit: [entry], ops: [{ id: `op-${round}`, result: { messageId: 'a', replyId: 'b' } }] });
      const sent = far.log.append(request);
      if (round % 3 === 0) proxy.reset('append');
      if (round % 3 === 1) proxy.pause('append');
      await sent.then((result) => outcomes.add(result.status), () => outcomes.add('rejected'));
      proxy.pass();
      await until('the batch to be known', async () => {
        const again = await far.log.append(request).catch(() => null);
        if (again) outcomes.add(again.status);
        return again !== null;
      });
      expect(await direct.log.read(owned.meta.sessionId, 0)).toEqual({ meta: expect.objectContaining({ head: first + 2 }), events: deltas(first + 2) });
      expect((await direct.outbox.peek(10_000)).filter((item) => item.entry.id === entry.id)).toHaveLength(1);
    }
    expect([...outcomes].sort()).toEqual(['already', 'appended', 'rejected']);
  });

  test('S58 a full Redis refuses appends whole, goes on renewing and acknowledging, and health says so', async () => {
    const owned = await ownedSession(direct);
    await direct.log.append(batch(owned, deltas(3)));
    await admin.config('SET', 'maxmemory', '1');
    await rejectsUnavailable(direct.log.append(batch(owned, deltas(2, 4), { audit: [auditEntry()] })));
    await rejectsUnavailable(direct.log.create(seedOf()));
    expect(await direct.health()).toEqual({ ok: false, detail: expect.stringContaining('OOM') });
    expect((await direct.log.read(owned.meta.sessionId, 0))?.events).toEqual(deltas(3));
    expect(await direct.log.acknowledge(owned.lease, 3)).toBe(true);
    await direct.leases.release(owned.lease);
    await admin.config('SET', 'maxmemory', '0');
    expect(await direct.health()).toEqual({ ok: true });
    const lease = await claimed(direct, owned.meta.sessionId, owned.lease.nodeId);
    expect(await direct.log.append(batch({ ...owned, lease }, deltas(2, 4)))).toMatchObject({ status: 'appended' });
  });

  test('S59 forgotten scripts are sent again; nothing fails and nothing is written twice', async () => {
    const sessions = await Promise.all(Array.from({ length: 10 }, () => ownedSession(direct)));
    for (let round = 0; round < 5; round += 1) {
      const appends = sessions.map((owned) => direct.log.append(batch(owned, deltas(2, round * 2 + 1))));
      const flushed = admin.script('FLUSH');
      for (const result of await Promise.all(appends)) expect(result.status).toBe('appended');
      await flushed;
    }
    for (const owned of sessions) expect((await direct.log.read(owned.meta.sessionId, 0))?.events).toEqual(deltas(10));
  });

  test('R35 many sessions appended to at once each have exactly their own events', async () => {
    const nodeId = await joinedNode(direct);
    const sessions: Owned[] = await Promise.all(Array.from({ length: 50 }, async () => {
      const meta = await direct.log.create(seedOf());
      return { meta, lease: await claimed(direct, meta.sessionId, nodeId) };
    }));
    await Promise.all(sessions.map(async (owned) => {
      for (let head = 0; head < 40; head += 2) await direct.log.append(batch(owned, deltas(2, head + 1, `${owned.meta.sessionId} `)));
    }));
    for (const { meta } of sessions) expect((await direct.log.read(meta.sessionId, 0))?.events).toEqual(deltas(40, 1, `${meta.sessionId} `));
  });

  test('R36 without Redis every call is refused as unavailable, quickly', async () => {
    const owned = await ownedSession(far);
    proxy.refuse();
    const began = performance.now();
    const { sessionId } = owned.meta;
    await Promise.all([
      far.log.append(batch(owned, deltas(1))), far.log.read(sessionId, 0), far.log.meta(sessionId), far.log.create(seedOf()),
      far.log.acknowledge(owned.lease, 0), far.log.findOp(sessionId, 'x'), far.log.streamingAmong([sessionId]), far.log.watchAccumulated([sessionId], 1),
      far.leases.claim(sessionId, owned.lease.nodeId), far.leases.release(owned.lease), far.leases.owner(sessionId), far.leases.abandoned(1),
      far.outbox.add([auditEntry()]), far.outbox.peek(1), far.outbox.stats(), far.quotas.take('x', 1, 1_000), far.settled(), far.secret('x'),
    ].map(rejectsUnavailable));
    expect(await far.health()).toEqual({ ok: false, detail: expect.any(String) });
    expect(performance.now() - began).toBeLessThan(3_000);
    proxy.pass();
    await until('it to be back', async () => (await far.health()).ok);
  });

  test('A24 AUDIT=off keeps nothing', async () => {
    const silent = await openStores(url, { AUDIT: 'off' });
    const before = await silent.outbox.stats();
    const owned = await ownedSession(silent);
    await silent.log.append(batch(owned, deltas(1), { audit: [auditEntry()] }));
    await silent.outbox.add([auditEntry()]);
    expect(await silent.outbox.stats()).toEqual(before);
    await silent.close();
  });

  test('S38 a secret is made once for all nodes', async () => {
    const secrets = await Promise.all([direct, far, direct, far].map((stores) => stores.secret('tokens')));
    expect(new Set(secrets).size).toBe(1);
    expect(secrets[0]).toMatch(/^[\w-]{43}$/);
    expect(await direct.secret('other')).not.toBe(secrets[0]);
  });
});
