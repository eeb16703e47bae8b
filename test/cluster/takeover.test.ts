/** Processes die and hang in the middle of answers; every tab ends with the same, whole answer. */
import { Redis } from 'ioredis';
import type { ActorView } from '../../src/protocol/broker.ts';
import type { LocalServer } from '../../scripts/servers/local-server.ts';
import { clusterEnv, startCluster, type Cluster, type ClusterNode } from '../support/cluster-nodes.ts';
import { checkTabs, untilText } from '../support/cluster-check.ts';
import { heldWrites } from '../support/held-writes.ts';
import { roamingTab, type RoamingTab } from '../support/roaming-tab.ts';
import { watchScripts } from '../support/script-watch.ts';
import { testMongo } from '../support/servers/mongo.ts';
import { describeWith } from '../support/servers/programs.ts';
import { testRedis } from '../support/servers/redis.ts';
import { guestToken } from '../support/tab.ts';
import { until } from '../support/until.ts';

describeWith(['redis-server', 'mongo'], 'nodes that die', () => {
  let cluster: Cluster;
  let server: LocalServer;
  let redis: Redis;
  let token: string;

  beforeAll(async () => {
    const [started, mongo] = await Promise.all([testRedis(), testMongo()]);
    server = started;
    const demo = { DEMO_TOKENS_PER_SECOND: '100', DEMO_TOKENS: '300', NODE_TTL_MS: '2000' };
    cluster = await startCluster(clusterEnv({ redis: server.url, mongo: mongo.url }, demo), { gateways: 3, ai: 2 });
    redis = new Redis(server.url);
    token = await guestToken(cluster.gateways[0]!.url);
  }, 120_000);

  afterAll(async () => {
    redis?.disconnect();
    await cluster?.stop();
  }, 60_000);

  const live = (): ClusterNode[] => cluster.all.filter(({ services, gone }: ClusterNode & { gone?: boolean }) => services.startsWith('gateway') && !gone);
  const urls = (): string[] => live().map(({ url }) => url);

  /** `<node>/<epoch>`; empty when nobody has it. */
  const leaseOf = async (sessionId: string): Promise<string> => (await redis.get(`session:{${sessionId}}:owner`)) ?? '';
  const ready = (node: ClusterNode): Promise<void> => until('the new gateway', async () => (await fetch(`${node.url}/ready`)).status === 200, 20_000);

  async function ownerOf(sessionId: string): Promise<ClusterNode> {
    let owner = '';
    await until('an owner', async () => (owner = (await leaseOf(sessionId)).replace(/\/\d+$/, '')) !== '');
    const found = cluster.all.find(({ nodeId }) => nodeId === owner);
    if (!found) throw new Error(`owner ${owner} is none of ${cluster.all.map(({ nodeId }) => nodeId).join(', ')}`);
    return found;
  }

  /** A reply under way, with a tab on each live gateway; it was sent at `at`. */
  async function streaming(question: string, at = live()[0]!): Promise<{ tabs: RoamingTab[]; replyId: string; sessionId: string }> {
    const all = [at.url, ...urls().filter((url) => url !== at.url)];
    const first = await roamingTab(all, token, { first: 0 });
    const { sessionId } = first;
    const others = await Promise.all(all.slice(1).map((_, n) => roamingTab(all, token, { first: n + 1, sessionId })));
    const { replyId } = await first.send(question);
    await untilText(first, replyId, 150);
    return { tabs: [first, ...others], replyId, sessionId };
  }

  async function whole(tabs: RoamingTab[], replyId: string): Promise<void> {
    const replies = await Promise.all(tabs.map((tab) => tab.ended(replyId, 30_000)));
    for (const { status } of replies) expect(status).toBe('complete');
    await checkTabs(tabs);
    for (const tab of tabs) tab.close();
  }

  async function gone(node: ClusterNode): Promise<void> {
    await node.exited;
    Object.assign(node, { gone: true });
    await cluster.add('gateway,session-owner', { NODE_ID: 'gateway-again' });
    await ready(live().at(-1)!);
  }

  test('N30 fault 1: SIGKILL of the owner in the middle of an answer: it goes on in every tab, and no shown character changes', async () => {
    const { tabs, replyId, sessionId } = await streaming('kill the owner');
    const owner = await ownerOf(sessionId);
    const shown = tabs.map((tab) => tab.text(replyId));
    owner.kill('SIGKILL');
    await whole(tabs, replyId);
    tabs.forEach((tab, n) => expect(tab.text(replyId).startsWith(shown[n]!)).toBe(true));
    await gone(owner);
  }, 60_000);

  test('N31 fault 2: an owner stopped past its TTL and woken up writes nothing any more: what it sent before comes too late and is refused', async () => {
    const wire = await heldWrites(server.port);
    const owner = await cluster.add('gateway,session-owner', { NODE_ID: 'gateway-stopped', REDIS_URL: wire.url(server.url) });
    await ready(owner);
    const { tabs, replyId, sessionId } = await streaming('stop the owner', owner);
    const oldLease = await leaseOf(sessionId);
    expect(oldLease.startsWith(`${owner.nodeId}/`)).toBe(true);
    const scripts = await watchScripts(server.port);
    let inTime = Infinity;
    const late = () => scripts.slice(inTime).filter(({ args }) => args.includes(oldLease));
    // An append is on its way when the process stops. The ai nodes stop too, so that the new owner appends nothing and
    // the late one would fit the log exactly: only the lease is in its way.
    wire.hold('holdfast:append');
    await until('an append to be on its way', () => wire.held().includes(oldLease), 10_000);
    const stopped = [owner, ...cluster.ai];
    for (const node of stopped) node.kill('SIGSTOP');
    try {
      await until('another owner', async () => ![oldLease, ''].includes(await leaseOf(sessionId)), 20_000);
      const head = await redis.hget(`session:{${sessionId}}:meta`, 'head');
      // What it wrote while the session was its own came through before.
      inTime = scripts.length;
      wire.release();
      await until('the late append', () => late().length > 0);
      expect(await redis.hget(`session:{${sessionId}}:meta`, 'head')).toBe(head);
    } finally {
      for (const node of stopped) node.kill('SIGCONT');
    }
    await until('the woken owner to give up', () => owner.lines.some((line) => line.includes('session given up') && line.includes(sessionId)), 10_000);
    await whole(tabs, replyId);
    expect(late().length).toBeGreaterThanOrEqual(1);
    // They compare the store and the lease, and that was it.
    for (const { did } of late()) expect(did).toEqual(['get', 'get']);
    expect(await owner.stop()).toBe(0);
    Object.assign(owner, { gone: true });
  }, 60_000);

  test('N32 fault 3: SIGKILL of the ai node in the middle of an answer: the demo provider continues exactly', async () => {
    const { tabs, replyId, sessionId } = await streaming('kill the ai node');
    const run = JSON.parse((await redis.hget(`session:{${sessionId}}:meta`, 'run')) ?? '{}') as Partial<ActorView>;
    const victim = cluster.ai.find(({ nodeId }) => nodeId === run.aiNode)!;
    const shown = tabs.map((tab) => tab.text(replyId));
    victim.kill('SIGKILL');
    await whole(tabs, replyId);
    tabs.forEach((tab, n) => expect(tab.text(replyId).startsWith(shown[n]!)).toBe(true));
    await cluster.add('ai', { NODE_ID: 'ai-again' });
  }, 60_000);

  test('N33 fault 14: SIGTERM of the owner in the middle of an answer: handed over, nothing lost, exit 0', async () => {
    const { tabs, replyId, sessionId } = await streaming('drain the owner');
    const owner = await ownerOf(sessionId);
    const exit = owner.stop();
    await whole(tabs, replyId);
    expect(await exit).toBe(0);
    await gone(owner);
  }, 60_000);
});
