/** Processes die and hang in the middle of answers; every tab ends with the same, whole answer. */
import type { ActorView } from '../../src/protocol/broker.ts';
import { clusterEnv, startCluster, type Cluster, type ClusterNode } from '../support/cluster-nodes.ts';
import { checkTabs, untilText } from '../support/cluster-check.ts';
import { roamingTab, type RoamingTab } from '../support/roaming-tab.ts';
import { testMongo } from '../support/servers/mongo.ts';
import { describeWith } from '../support/servers/programs.ts';
import { testRedis } from '../support/servers/redis.ts';
import { guestToken } from '../support/tab.ts';
import { until } from '../support/until.ts';
import { Redis } from 'ioredis';

describeWith(['redis-server', 'mongo'], 'nodes that die', () => {
  let cluster: Cluster;
  let redis: Redis;
  let token: string;

  beforeAll(async () => {
    const [server, mongo] = await Promise.all([testRedis(), testMongo()]);
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

  async function ownerOf(sessionId: string): Promise<ClusterNode> {
    let owner = '';
    await until('an owner', async () => (owner = ((await redis.get(`session:{${sessionId}}:owner`)) ?? '').replace(/\/\d+$/, '')) !== '');
    const found = cluster.all.find(({ nodeId }) => nodeId === owner);
    if (!found) throw new Error(`owner ${owner} is none of ${cluster.all.map(({ nodeId }) => nodeId).join(', ')}`);
    return found;
  }

  /** A reply under way, with a tab on each live gateway. */
  async function streaming(question: string): Promise<{ tabs: RoamingTab[]; replyId: string; sessionId: string }> {
    const first = await roamingTab(urls(), token, { first: 0 });
    const { sessionId } = first;
    const others = await Promise.all(urls().slice(1).map((_, n) => roamingTab(urls(), token, { first: n + 1, sessionId })));
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
    const fresh = live().at(-1)!;
    await until('the new gateway', async () => (await fetch(`${fresh.url}/ready`)).status === 200, 20_000);
  }

  test('N30 SIGKILL of the owner in the middle of an answer: it goes on in every tab, and no shown character changes', async () => {
    const { tabs, replyId, sessionId } = await streaming('kill the owner');
    const owner = await ownerOf(sessionId);
    const shown = tabs.map((tab) => tab.text(replyId));
    owner.kill('SIGKILL');
    await whole(tabs, replyId);
    tabs.forEach((tab, n) => expect(tab.text(replyId).startsWith(shown[n]!)).toBe(true));
    await gone(owner);
  }, 60_000);

  test('N31 an owner stopped past its TTL and woken up writes nothing any more', async () => {
    const { tabs, replyId, sessionId } = await streaming('stop the owner');
    const owner = await ownerOf(sessionId);
    owner.kill('SIGSTOP');
    try {
      await until('another owner', async () => ![owner.nodeId, ''].includes(((await redis.get(`session:{${sessionId}}:owner`)) ?? '').replace(/\/\d+$/, '')), 20_000);
    } finally {
      owner.kill('SIGCONT');
    }
    await whole(tabs, replyId);
    const views = await fetch(`${owner.url}/ready`);
    expect(views.status).toBeLessThan(600);
  }, 60_000);

  test('N32 SIGKILL of the ai node in the middle of an answer: the demo provider continues exactly', async () => {
    const { tabs, replyId, sessionId } = await streaming('kill the ai node');
    const run = JSON.parse((await redis.hget(`session:{${sessionId}}:meta`, 'run')) ?? '{}') as Partial<ActorView>;
    const victim = cluster.ai.find(({ nodeId }) => nodeId === run.aiNode)!;
    const shown = tabs.map((tab) => tab.text(replyId));
    victim.kill('SIGKILL');
    await whole(tabs, replyId);
    tabs.forEach((tab, n) => expect(tab.text(replyId).startsWith(shown[n]!)).toBe(true));
    await cluster.add('ai', { NODE_ID: 'ai-again' });
  }, 60_000);

  test('N33 SIGTERM of the owner in the middle of an answer: handed over, nothing lost, exit 0', async () => {
    const { tabs, replyId, sessionId } = await streaming('drain the owner');
    const owner = await ownerOf(sessionId);
    const exit = owner.stop();
    await whole(tabs, replyId);
    expect(await exit).toBe(0);
    await gone(owner);
  }, 60_000);
});
