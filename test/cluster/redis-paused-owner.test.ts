/** A whole process is stopped and wakes after another took its session; and a Redis that stands still for everybody. */
import { newSessionId } from '../../src/ids.ts';
import { batch, deltas, joinedNode, ownedSession } from '../contract/samples.ts';
import { join } from 'node:path';
import { settledStores } from '../support/cluster/redis-harness.ts';
import { runChild, type Child } from '../support/run-child.ts';
import { describeWith } from '../support/servers/programs.ts';
import { testRedis } from '../support/servers/redis.ts';
import { until } from '../support/until.ts';

const TTL = 1_000;

describeWith(['redis-server'], 'stopped processes', () => {
  let child: Child | null = null;
  afterEach(async () => {
    child?.process.kill('SIGKILL');
    await child?.ended;
    child = null;
  });

  test('O38 fault 2: an owner that was stopped past its TTL and wakes appends nothing more: every late write is refused', async () => {
    const { url } = await testRedis();
    const stores = await settledStores(url, { NODE_TTL_MS: TTL });
    const sessionId = newSessionId();
    const old = (child = runChild(join(__dirname, '../support/cluster/redis-node-child.ts'), [url, sessionId, String(TTL)]));
    await until('the owner to append', () => old.lines.some((line) => line === 'head 20'), 15_000);
    old.process.kill('SIGSTOP');
    const heir = await joinedNode(stores);
    let lease = await stores.leases.claim(sessionId, heir);
    await until('the session to be free', async () => (lease = await stores.leases.claim(sessionId, heir)).status === 'claimed');
    if (lease.status !== 'claimed') throw new Error('not claimed');
    const before = await stores.log.read(sessionId, 0);
    if (!before) throw new Error('no log');
    const linesBefore = old.lines.length;
    old.process.kill('SIGCONT');
    let head = before.meta.head;
    // The heir goes on writing, so that a seq which the old owner guesses is the next one now and then.
    await until('the old owner to be refused', async () => {
      head += 1;
      await stores.log.append(batch({ lease: lease.status === 'claimed' ? lease.lease : never(), meta: before.meta }, deltas(1, head, 'new ')));
      return old.lines.slice(linesBefore).filter((line) => line === 'fenced').length >= 20;
    });
    const after = await stores.log.read(sessionId, 0);
    expect(after?.events.slice(before.meta.head).filter((event) => !('text' in event && event.text.startsWith('new ')))).toEqual([]);
    // Its answer to the last append before the stop may come after it; nothing that was sent afterwards is accepted.
    const accepted = old.lines.slice(linesBefore).filter((line) => line.startsWith('head '));
    expect(accepted.length).toBeLessThanOrEqual(1);
    expect(after?.events).toHaveLength(head);
    await stores.close();
  });

  test('O39 after Redis stood still nobody takes a session for one TTL; then those of nodes that died meanwhile are taken', async () => {
    const server = await testRedis();
    const [stores, other] = await Promise.all([settledStores(server.url, { NODE_TTL_MS: TTL }), settledStores(server.url, { NODE_TTL_MS: TTL })]);
    const owned = await ownedSession(other);
    await other.log.append(batch(owned, deltas(1)));
    const heir = await joinedNode(stores);
    server.kill('SIGSTOP');
    await other.close();
    const stoppedAt = performance.now();
    await until('all keys to end', () => performance.now() - stoppedAt > TTL * 1.5);
    server.kill('SIGCONT');
    const backAt = performance.now();
    let claim: Awaited<ReturnType<typeof stores.leases.claim>> | null = null;
    const early: string[] = [];
    await until('the session to be taken', async () => {
      claim = await stores.leases.claim(owned.lease.sessionId, heir).catch(() => null);
      const found = await stores.leases.abandoned(100).catch(() => []);
      if (performance.now() - backAt < TTL * 0.9) early.push(...found, ...(claim?.status === 'claimed' ? ['claimed'] : []));
      return claim?.status === 'claimed';
    });
    expect(early).toEqual([]);
    expect(performance.now() - backAt).toBeGreaterThan(TTL * 0.9);
    await stores.close();
  });
});

function never(): never {
  throw new Error('not reached');
}
