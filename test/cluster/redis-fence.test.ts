/** Who may write a session, in real time on a real Redis: hangs, cut connections, crashes. */
import type { Lease } from '../../src/backends/contracts.ts';
import type { RedisStores } from '../../src/backends/cluster/redis-stores.ts';
import { batch, claimed, deltas, joinedNode, ownedSession, seedOf, type Owned } from '../contract/samples.ts';
import { FakePresence, joinedAs, rejectsUnavailable, settledStores } from '../support/cluster/redis-harness.ts';
import { describeWith } from '../support/servers/programs.ts';
import { testRedis } from '../support/servers/redis.ts';
import { tcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

const TTL = 1_000;

describeWith(['redis-server'], 'fencing on Redis', () => {
  let url = '';
  let proxy: TcpProxy;
  const open: RedisStores[] = [];
  const stores = async (...args: Parameters<typeof settledStores>): Promise<RedisStores> => {
    const made = await settledStores(...args);
    open.push(made);
    return made;
  };
  let near: RedisStores;

  beforeAll(async () => {
    const server = await testRedis();
    url = server.url;
    proxy = await tcpProxy(server.port);
    near = await stores(url, { NODE_TTL_MS: TTL });
  });
  afterEach(() => proxy.pass());
  afterAll(() => Promise.all(open.map((each) => each.close())));

  /** A node behind the proxy that owns a session with two events. */
  async function farOwner(deps: { loopback?: () => Promise<void>; presence?: FakePresence } = {}) {
    const far = await stores(proxy.url(url), { NODE_TTL_MS: TTL, APPEND_TIMEOUT_MS: 300 }, deps);
    const node = await joinedAs(far);
    const meta = await far.log.create(seedOf());
    const owned: Owned = { meta, lease: await claimed(far, meta.sessionId, node.nodeId) };
    await far.log.append(batch(owned, deltas(2)));
    return { far, node, owned };
  }

  async function takenBy(nodeId: string, sessionId: string): Promise<Lease> {
    let lease: Lease | null = null;
    await until('the session to be taken', async () => {
      const claim = await near.leases.claim(sessionId, nodeId);
      lease = claim.status === 'claimed' ? claim.lease : null;
      return lease !== null;
    });
    return lease ?? Promise.reject(new Error('not taken'));
  }

  test('O66 a node that begins while the store is away begins once it is back; one that closes waits no longer', async () => {
    const far = await stores(proxy.url(url), { NODE_TTL_MS: TTL, APPEND_TIMEOUT_MS: 300 });
    proxy.refuse();
    await rejectsUnavailable(far.log.create(seedOf()));
    let isThere = false;
    const joining = joinedAs(far).then((node) => ((isThere = true), node));
    const gone = await stores(url, { NODE_TTL_MS: TTL });
    expect(isThere).toBe(false);
    proxy.pass();
    const { nodeId } = await joining;
    const { sessionId } = await far.log.create(seedOf());
    await until('a claim', async () => (await far.leases.claim(sessionId, nodeId).catch(() => null))?.status === 'claimed');
    await gone.close();
    await rejectsUnavailable(joinedAs(gone));
  });

  test('O30 a node that hangs is replaced at its TTL, not before, and its late appends are all refused', async () => {
    const { far, node, owned } = await farOwner();
    const { sessionId } = owned.lease;
    const heir = await joinedNode(near);
    const began = performance.now();
    proxy.pause();
    const late = Array.from({ length: 5 }, () => far.log.append(batch(owned, deltas(1, 3, 'late '))));
    const settledLate = Promise.allSettled(late);
    expect(await near.leases.claim(sessionId, heir)).toEqual({ status: 'held', nodeId: node.nodeId });
    const lease = await takenBy(heir, sessionId);
    expect(performance.now() - began).toBeGreaterThan(TTL * 0.75);
    expect(performance.now() - began).toBeLessThan(TTL + 500);
    await near.log.append(batch({ ...owned, lease }, deltas(1, 3, 'heir ')));
    // What the old owner sent while it hung arrives now, and what it sends from here on.
    proxy.pass();
    await settledLate;
    await until('the old owner to be back', async () => (await far.leases.owner(sessionId).catch(() => null)) !== null);
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => far.log.append(batch(owned, deltas(1, 4, 'late ')))));
    expect(results.filter((result) => result.status === 'fulfilled' && result.value.status !== 'fenced')).toEqual([]);
    // The script itself refuses, whatever the old owner knows: a process without its memory of time.
    expect(await near.log.append(batch(owned, deltas(1, 4, 'late ')))).toEqual({ status: 'fenced' });
    expect((await near.log.read(sessionId, 0))?.events).toEqual([...deltas(2), ...deltas(1, 3, 'heir ')]);
  });

  test('O31 fault 7: a node that cannot renew stops writing before its TTL ends, is told once, and joins again by itself', async () => {
    const { far, node, owned } = await farOwner();
    const heir = await joinedNode(near);
    proxy.pause();
    await until('the node to fence itself', () => node.lost > 0);
    // Nobody else can have the session yet: its key still lives.
    expect(await near.leases.claim(owned.lease.sessionId, heir)).toEqual({ status: 'held', nodeId: node.nodeId });
    await rejectsUnavailable(far.log.append(batch(owned, deltas(1, 3))));
    proxy.pass();
    await until('the node to be back', async () => {
      const meta = await far.log.create(seedOf()).catch(() => null);
      const claim = meta && (await far.leases.claim(meta.sessionId, node.nodeId).catch(() => null));
      return claim?.status === 'claimed';
    });
    expect(await far.log.append(batch(owned, deltas(1, 3)))).toEqual({ status: 'fenced' });
    expect(node).toMatchObject({ lost: 1, storeLost: 0 });
  });

  test('O32 a node whose transporter carries nothing loses its sessions, though its Redis connections work', async () => {
    let carries = true;
    const { far, node, owned } = await farOwner({ loopback: () => (carries ? Promise.resolve() : new Promise(() => {})) });
    const heir = await joinedNode(near);
    carries = false;
    await takenBy(heir, owned.lease.sessionId);
    expect(node.lost).toBe(1);
    await rejectsUnavailable(far.log.append(batch(owned, deltas(1, 3))));
    carries = true;
    await until('the node to be back', async () => (await far.log.append(batch(owned, deltas(1, 3))).catch(() => null))?.status === 'fenced');
  });

  test('O33 fault 26: the append connection alone going dead costs the node its sessions or heals; it is never stuck', async () => {
    const { far, node, owned } = await farOwner();
    proxy.blackhole('append');
    await rejectsUnavailable(far.log.append(batch(owned, deltas(1, 3))));
    proxy.pass();
    await until('an append to be answered', async () => {
      const answer = await far.log.append(batch(owned, deltas(1, 3))).catch(() => null);
      return answer !== null;
    });
    const answer = await far.log.append(batch(owned, deltas(1, 3)));
    expect(answer.status).toBe(node.lost === 0 ? 'mismatch' : 'fenced');
  });

  test('O34 a node that is gone is replaced at once; one that only seemed gone is left alone', async () => {
    const presence = new FakePresence();
    const watching = await stores(url, { NODE_TTL_MS: 60_000 }, { presence });
    const gone = await ownedSession(near);
    const seemed = await ownedSession(near);
    await near.log.append(batch(gone, deltas(1)));
    const heir = await joinedNode(watching);
    presence.go(gone.lease.nodeId);
    await until('its session to be found', async () => (await watching.leases.abandoned(1_000)).includes(gone.lease.sessionId));
    expect(await watching.leases.claim(gone.lease.sessionId, heir)).toMatchObject({ status: 'claimed' });
    presence.go(seemed.lease.nodeId);
    presence.gone.delete(seemed.lease.nodeId);
    const another = await ownedSession(near);
    await near.log.append(batch(another, deltas(1)));
    presence.go(another.lease.nodeId);
    await until('the one after it to be dealt with', async () => (await watching.leases.abandoned(1_000)).includes(another.lease.sessionId));
    expect(await watching.leases.claim(seemed.lease.sessionId, heir)).toEqual({ status: 'held', nodeId: seemed.lease.nodeId });
  });

  test('O35 a node that was declared dead hears of it once, and begins anew without its sessions', async () => {
    const presence = new FakePresence();
    const watching = await stores(url, { NODE_TTL_MS: TTL }, { presence });
    const { far, node, owned } = await farOwner();
    presence.go(node.nodeId);
    await until('the node to hear of it', () => node.lost > 0);
    await until('the node to be back', async () => (await far.log.append(batch(owned, deltas(1, 3))).catch(() => null))?.status === 'fenced');
    expect(await watching.leases.owner(owned.lease.sessionId)).toBeNull();
    expect(await far.leases.claim(owned.lease.sessionId, node.nodeId)).toMatchObject({ status: 'claimed' });
    expect(node).toMatchObject({ lost: 1, storeLost: 0 });
  });

  test('O36 sessions of dead nodes are found by their node, and those whose lock ended by itself too', async () => {
    const short = await stores(url, { NODE_TTL_MS: 300, LOCK_MS: 400 });
    const dying = await stores(url, { NODE_TTL_MS: 300 });
    const [ended, dead] = [await ownedSession(short), await ownedSession(dying)];
    for (const [door, owned] of [[short, ended], [dying, dead]] as const) await door.log.append(batch(owned, deltas(1)));
    // This one has just walked over all sessions, and does so again only much later: it knows the dead by their list.
    await near.leases.abandoned(1);
    await dying.close();
    await until('the dead one\'s session to be found', async () => (await near.leases.abandoned(1_000)).includes(dead.lease.sessionId));
    await until('the lock to end', async () => (await near.leases.owner(ended.lease.sessionId)) === null);
    const walking = await stores(url);
    expect(await walking.leases.abandoned(1_000)).toContain(ended.lease.sessionId);
  });

  test('O37 a session is written by one owner at a time while two nodes take it from each other', async () => {
    const other = await stores(url, { NODE_TTL_MS: TTL });
    const { sessionId, logId } = await near.log.create(seedOf());
    const doors = [{ door: near, node: await joinedNode(near) }, { door: other, node: await joinedNode(other) }];
    const accepted: string[] = [];
    await Promise.all(doors.map(async ({ door, node }) => {
      while (accepted.length < 20) {
        const claim = await door.leases.claim(sessionId, node);
        if (claim.status !== 'claimed') continue;
        const head = (await door.log.meta(sessionId))?.head ?? 0;
        const request = batch({ lease: claim.lease, meta: { ...seedOf(sessionId), logId, head, firstSeq: 1, storedThrough: 0, run: null, deleted: false } }, deltas(1, head + 1, `${node} `));
        await door.leases.release(claim.lease);
        // Too late by design: the lease is given back already.
        const [late, inTime] = [door.log.append(request), door.leases.claim(sessionId, node)];
        expect((await late).status).toBe('fenced');
        const again = await inTime;
        if (again.status !== 'claimed') continue;
        const done = await door.log.append({ ...request, lease: again.lease });
        if (done.status === 'appended') accepted.push(`${node} ${head + 1}`);
        await door.leases.release(again.lease);
      }
    }));
    const texts = (await near.log.read(sessionId, 0))?.events.map((event) => 'text' in event && event.text) ?? [];
    expect(accepted.length).toBeGreaterThanOrEqual(20);
    expect([...texts].sort()).toEqual([...accepted].sort());
  }, 60_000);
});
