/** Nodes come and go while people talk. */
import { clusterEnv, startCluster, type Cluster } from '../support/cluster-nodes.ts';
import { checkTabs } from '../support/cluster-check.ts';
import { roamingTab } from '../support/roaming-tab.ts';
import { testMongo } from '../support/servers/mongo.ts';
import { describeWith } from '../support/servers/programs.ts';
import { testRedis } from '../support/servers/redis.ts';
import { guestToken } from '../support/tab.ts';
import { until } from '../support/until.ts';

const REPLIES = 120;

interface AiNode {
  nodeId: string;
  load: number;
  ok: boolean;
}

describeWith(['redis-server', 'mongo'], 'nodes that come and go', () => {
  let cluster: Cluster;
  let url: string;
  let token: string;

  beforeAll(async () => {
    const [redis, mongo] = await Promise.all([testRedis(), testMongo()]);
    const demo = { DEMO_TOKENS_PER_SECOND: '20', DEMO_TOKENS: '100', NODE_TTL_MS: '2000' };
    cluster = await startCluster(clusterEnv({ redis: redis.url, mongo: mongo.url }, demo), { gateways: 1, ai: 2 });
    url = cluster.gateways[0]!.url;
    token = await guestToken(url);
  }, 120_000);
  afterAll(async () => cluster?.stop(), 60_000);

  const ai = async (): Promise<AiNode[]> => ((await (await fetch(`${url}/api/health`)).json()) as { ai: AiNode[] }).ai.filter(({ ok }) => ok);

  test(`N50 fault 14: an added ai node gets its share of ${REPLIES} replies; stopping one loses none`, async () => {
    const extra = await cluster.add('ai', { NODE_ID: 'ai-extra' });
    await until('three ai nodes', async () => (await ai()).length === 3, 20_000);
    const tabs = await Promise.all(Array.from({ length: REPLIES }, () => roamingTab([url], token)));
    const sent = await Promise.all(tabs.map((tab, n) => tab.send(`question ${n}`)));
    await until('all replies to be generated', async () => (await ai()).reduce((sum, { load }) => sum + load, 0) === REPLIES, 5_000);
    const loads = (await ai()).map(({ load }) => load);
    for (const load of loads) expect(Math.abs(load - REPLIES / 3)).toBeLessThanOrEqual(REPLIES / 30);
    const exit = extra.stop();
    for (const [n, tab] of tabs.entries()) expect((await tab.ended(sent[n]!.replyId, 60_000)).status).toBe('complete');
    expect(await exit).toBe(0);
    for (const tab of tabs.slice(0, 10)) await checkTabs([tab]);
    for (const tab of tabs) tab.close();
  }, 120_000);

  test('N51 an added gateway serves at once, and sees the sessions of the others', async () => {
    const tab = await roamingTab([url], token);
    const { replyId } = await tab.send('seen from everywhere');
    const added = await cluster.add('gateway,session-owner', { NODE_ID: 'gateway-extra' });
    await until('the new gateway', async () => (await fetch(`${added.url}/ready`)).status === 200, 20_000);
    const other = await roamingTab([added.url], token, { sessionId: tab.sessionId });
    await Promise.all([tab.ended(replyId), other.ended(replyId)]);
    await checkTabs([tab, other]);
    tab.close();
    other.close();
    expect(await added.stop()).toBe(0);
  }, 60_000);
});
