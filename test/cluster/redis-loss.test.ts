/** A Redis that lost what it had acknowledged: restarted, cut short, emptied. Nothing is reused, nothing is silently gone. */
import { statSync, truncateSync } from 'node:fs';
import { Redis } from 'ioredis';
import type { LogMeta, RestoreRequest } from '../../src/backends/contracts.ts';
import { newLogId } from '../../src/ids.ts';
import { batch, claimed, deltas, joinedNode, seedOf, type Owned } from '../contract/samples.ts';
import { joinedAs, openStores, rejectsUnavailable, settledStores, type CountingNode } from '../support/cluster/redis-harness.ts';
import { appendOnlyFile } from '../support/servers/append-only-file.ts';
import { describeWith } from '../support/servers/programs.ts';
import { testRedis } from '../support/servers/redis.ts';
import { tcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

const TTL = 1_200;
type Server = Awaited<ReturnType<typeof testRedis>>;
type Stores = Awaited<ReturnType<typeof openStores>>;

interface World {
  server: Server;
  proxy: TcpProxy;
  /** Owns the session, through the proxy. */
  stores: Stores;
  node: CountingNode;
  owned: Owned;
  other: Stores;
}

describeWith(['redis-server'], 'a Redis that loses writes', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  async function world(args: string[] = []): Promise<World> {
    const server = await testRedis({ args });
    const proxy = await tcpProxy(server.port);
    const stores = await settledStores(proxy.url(server.url), { NODE_TTL_MS: TTL, APPEND_TIMEOUT_MS: 500 });
    const other = await settledStores(server.url, { NODE_TTL_MS: TTL });
    closing.push(() => stores.close(), () => other.close());
    const node = await joinedAs(stores);
    const meta = await stores.log.create(seedOf());
    const owned = { meta, lease: await claimed(stores, meta.sessionId, node.nodeId) };
    await stores.log.append(batch(owned, deltas(3)));
    return { server, proxy, stores, node, owned, other };
  }

  async function restart({ server }: World, meanwhile: () => void = () => {}): Promise<void> {
    server.kill('SIGKILL');
    await server.exited;
    meanwhile();
    await testRedis({ dir: server.dir, port: server.port });
  }

  async function flushAll({ server }: World): Promise<void> {
    const client = new Redis(server.url);
    await client.flushall();
    await client.quit();
  }

  const told = (node: CountingNode): Promise<void> => until('the node to be told', () => node.storeLost > 0);

  test('S50 after a restart of Redis the owner that lived through it writes its log anew; others settle', async () => {
    const place = await world();
    const { stores, node, owned, other } = place;
    const heir = await joinedNode(other);
    await restart(place);
    await told(node);
    // It is not certain what survived, so the old log is closed to everybody.
    await rejectsUnavailable(stores.log.append(batch(owned, deltas(1, 4))));
    await rejectsUnavailable(stores.log.acknowledge(owned.lease, 3));
    expect(await other.settled()).toBe(false);
    const request = requestOf(owned, 5);
    const restored = await stores.log.restore(request);
    if (restored.status !== 'restored') throw new Error('refused');
    const now = { lease: restored.lease, meta: request.meta };
    expect(await stores.log.append(batch(now, deltas(1, 6)))).toMatchObject({ status: 'appended' });
    expect(await other.log.read(owned.meta.sessionId, 0)).toEqual({ meta: { ...request.meta, head: 6 }, events: deltas(6) });
    expect(await other.leases.claim(owned.meta.sessionId, heir)).toEqual({ status: 'held', nodeId: node.nodeId });
    await until('the store to settle', () => other.settled());
    expect(node).toMatchObject({ lost: 0, storeLost: 1 });
  });

  test('S51 fault 5: with the end of its file cut off, no seq is used again in the same log', async () => {
    // What is acknowledged is in the file, so that it is known what is cut off.
    const place = await world(['--appendfsync', 'always']);
    const { server, stores, node, owned, other } = place;
    const forgotten = { meta: await other.log.create(seedOf()), nodeId: await joinedNode(other) };
    const lost = { meta: forgotten.meta, lease: await claimed(other, forgotten.meta.sessionId, forgotten.nodeId) };
    await other.log.append(batch(lost, deltas(4)));
    await other.leases.release(lost.lease);
    const kept = statSync(appendOnlyFile(server.dir)).size;
    const again = { ...lost, lease: await claimed(other, lost.meta.sessionId, forgotten.nodeId) };
    await other.log.append(batch(again, deltas(2, 5)));
    await stores.log.append(batch(owned, deltas(2, 4)));
    await restart(place, () => truncateSync(appendOnlyFile(server.dir), kept + 40));
    await told(node);
    // Until that is written anew, whoever saw more than is left is told to wait, and not shown less than before.
    await until('the other node to see what is left', async () => (await other.log.read(owned.meta.sessionId, 0).catch(() => null))?.meta.head === 3);
    await rejectsUnavailable(other.log.read(owned.meta.sessionId, 5));
    // The one that remembers: all five events, under another log id.
    const restored = await stores.log.restore(requestOf(owned, 5));
    expect(restored.status).toBe('restored');
    expect((await stores.log.read(owned.meta.sessionId, 0))?.events).toEqual(deltas(5));
    expect((await stores.log.read(owned.meta.sessionId, 9))?.events).toEqual([]);
    // The one that nobody remembers: what survived, under another log id as soon as it can be written.
    await until('the store to settle', () => other.settled());
    const heir = await joinedNode(other);
    await until('its lock to be free', async () => (await other.leases.claim(lost.meta.sessionId, heir)).status === 'claimed' || leave(other, forgotten.nodeId));
    const found = await other.log.read(lost.meta.sessionId, 0);
    expect(found?.events).toEqual(deltas(4));
    expect(found?.meta.head).toBe(4);
    expect(found?.meta.logId).not.toBe(lost.meta.logId);
    await until('its old owner to be fenced', async () => (await other.log.append(batch(again, deltas(1, 5))).catch(() => null))?.status === 'fenced');
  });

  test('S52 after FLUSHALL only who remembers may write; nobody is told that a session does not exist', async () => {
    const place = await world();
    const { stores, node, owned, other } = place;
    const { sessionId } = owned.meta;
    const heir = await joinedAs(other);
    await flushAll(place);
    // Nobody noticed yet, or somebody did: the same answers.
    await rejectsUnavailable(other.log.findOp(sessionId, 'op'));
    await rejectsUnavailable(other.log.read(sessionId, 0));
    await rejectsUnavailable(stores.log.append(batch(owned, deltas(1, 4))));
    await told(node);
    await rejectsUnavailable(other.log.meta(sessionId));
    await rejectsUnavailable(other.log.create(seedOf()));
    await until('the other node to be told', () => heir.storeLost > 0);
    expect(await other.leases.claim(sessionId, heir.nodeId)).toMatchObject({ status: 'settling', retryAfterMs: expect.any(Number) });
    expect(await other.leases.abandoned(100)).toEqual([]);
    const restored = await stores.log.restore(requestOf(owned, 3));
    if (restored.status !== 'restored') throw new Error('refused');
    expect(restored.lease.epoch).toBeGreaterThan(owned.lease.epoch);
    expect(await other.leases.claim(sessionId, heir.nodeId)).toEqual({ status: 'held', nodeId: node.nodeId });
    await until('the store to settle', () => other.settled());
    expect(await other.log.meta(seedOf().sessionId)).toBeNull();
    expect([node.lost, heir.lost]).toEqual([0, 0]);
  });

  test('S53 fault 6: an owner that slept through FLUSHALL remembers nothing that counts: it is told so, and its restore is refused', async () => {
    const place = await world();
    const { proxy, stores, node, owned, other } = place;
    proxy.pause();
    await until('the node to fence itself', () => node.lost > 0);
    await flushAll(place);
    proxy.pass();
    // It wakes first: nobody else has written anything yet.
    await until('the node to be back', async () => (await stores.log.restore(requestOf(owned, 9)).catch(() => null))?.status === 'refused');
    await until('the store to settle', () => other.settled());
    expect(await other.log.meta(owned.meta.sessionId)).toBeNull();
    expect(await stores.log.restore(requestOf(owned, 9))).toEqual({ status: 'refused' });
    expect(node).toMatchObject({ lost: 1, storeLost: 0 });
  });

  test('S54 once the store has settled anybody may claim what nobody restored, and a late restore is refused', async () => {
    const place = await world();
    const { stores, node, owned, other } = place;
    const heir = await joinedNode(other);
    await flushAll(place);
    await told(node);
    await until('the store to settle', () => other.settled());
    const meta = await other.log.create(seedOf(owned.meta.sessionId));
    const lease = await claimed(other, meta.sessionId, heir);
    expect(lease.epoch).toBeGreaterThan(owned.lease.epoch);
    await other.log.append(batch({ meta, lease }, deltas(1, 1, 'heir ')));
    expect(await stores.log.restore(requestOf(owned, 3))).toEqual({ status: 'refused' });
    await until('the late owner to be fenced', async () => (await stores.log.append(batch(owned, deltas(1, 2))).catch(() => null))?.status === 'fenced');
    expect((await other.log.read(meta.sessionId, 0))?.events).toEqual(deltas(1, 1, 'heir '));
  });

  test('S55 a new store settles for one TTL, once; a connection that breaks and comes back settles nothing', async () => {
    const server = await testRedis();
    const began = performance.now();
    const first = await openStores(server.url, { NODE_TTL_MS: TTL });
    closing.push(() => first.close());
    expect(await first.settled()).toBe(false);
    await until('the store to settle', () => first.settled());
    expect(performance.now() - began).toBeGreaterThan(TTL * 0.9);
    const second = await openStores(server.url, { NODE_TTL_MS: TTL });
    closing.push(() => second.close());
    expect(await second.settled()).toBe(true);
    const node = await joinedAs(first);
    const client = new Redis(server.url);
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await client.quit();
    await until('the connection to be back', () => first.settled().catch(() => false));
    const meta = await first.log.create(seedOf());
    expect(await first.leases.claim(meta.sessionId, node.nodeId)).toMatchObject({ status: 'claimed' });
    expect(node).toMatchObject({ lost: 0, storeLost: 0 });
  });

  test('S56 an owner whose Redis was away longer than its TTL starts from what the store has', async () => {
    const place = await world();
    const { server, stores, node, owned, other } = place;
    server.kill('SIGKILL');
    await server.exited;
    await until('the node to fence itself', () => node.lost > 0);
    await testRedis({ dir: server.dir, port: server.port });
    await until('the store to settle', () => other.settled().catch(() => false));
    await until('the session to be claimed', async () => (await stores.leases.claim(owned.meta.sessionId, node.nodeId).catch(() => null))?.status === 'claimed', 15_000);
    const found = await stores.log.read(owned.meta.sessionId, 0);
    expect(found?.events).toEqual(deltas(3));
    expect(found?.meta.logId).not.toBe(owned.meta.logId);
    expect(node).toMatchObject({ lost: 1, storeLost: 0 });
  });

  async function leave(stores: Stores, nodeId: string): Promise<boolean> {
    await stores.leases.leave(nodeId);
    return false;
  }
});

/** What its owner remembers: this many events, of which history has none. */
function requestOf({ lease, meta }: Owned, events: number): RestoreRequest & { meta: LogMeta } {
  return { lease, meta: { ...meta, logId: newLogId(), head: events, firstSeq: 1, storedThrough: 0 }, events: deltas(events), ops: [], audit: [] };
}
