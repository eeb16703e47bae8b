/** Any gateway serves anyone: three gateways, three ai nodes, real Redis and MongoDB, no balancer and no stickiness. */
import { clusterEnv, startCluster, type Cluster } from '../support/cluster-nodes.ts';
import { checkTabs, untilText } from '../support/cluster-check.ts';
import { roamingTab } from '../support/roaming-tab.ts';
import { testMongo } from '../support/servers/mongo.ts';
import { describeWith } from '../support/servers/programs.ts';
import { testRedis } from '../support/servers/redis.ts';
import { guestToken } from '../support/tab.ts';

describeWith(['redis-server', 'mongo'], 'a cluster', () => {
  let cluster: Cluster;
  let urls: string[];
  let token: string;

  beforeAll(async () => {
    const [redis, mongo] = await Promise.all([testRedis(), testMongo()]);
    const demo = { DEMO_TOKENS_PER_SECOND: '200', DEMO_TOKENS: '200', NODE_TTL_MS: '2000' };
    cluster = await startCluster(clusterEnv({ redis: redis.url, mongo: mongo.url }, demo), { gateways: 3, ai: 3 });
    urls = cluster.gateways.map(({ url }) => url);
    token = await guestToken(urls[0]!);
  }, 120_000);

  afterAll(async () => cluster?.stop(), 60_000);

  test('N20 a message goes in at one gateway, its reply streams at a second, and a third stops it', async () => {
    const watcher = await roamingTab(urls, token, { first: 1 });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const sent = await fetch(`${urls[0]}/api/chat`, { method: 'POST', headers, body: JSON.stringify({ sessionId: watcher.sessionId, message: 'hello' }) });
    expect(sent.status).toBe(202);
    const { replyId } = (await sent.json()) as { replyId: string };
    await untilText(watcher, replyId, 50);
    const body = JSON.stringify({ sessionId: watcher.sessionId, messageId: replyId });
    const cancelled = await fetch(`${urls[2]}/api/cancel`, { method: 'POST', headers, body });
    expect(await cancelled.json()).toMatchObject({ status: 'cancelled' });
    expect((await watcher.ended(replyId)).status).toBe('cancelled');
    await checkTabs([watcher]);
    watcher.close();
  });

  test('N20 fault 22: two tabs on two gateways get identical sequences', async () => {
    const one = await roamingTab(urls, token, { first: 0 });
    const two = await roamingTab(urls, token, { first: 1, sessionId: one.sessionId });
    const { replyId } = await one.send('the same for both');
    await Promise.all([one.ended(replyId), two.ended(replyId)]);
    await checkTabs([one, two]);
    expect(two.cursor).toEqual(one.cursor);
    for (const tab of [one, two]) {
      expect(tab.counts).toMatchObject({ repeats: 0, holes: 0, resyncs: 0 });
      tab.close();
    }
  });

  test('N21 fault 16: 100 parallel sends of one clientMessageId at all gateways: one message, one generation', async () => {
    const tabs = await Promise.all([0, 1, 2].map((first) => roamingTab(urls, token, { first })));
    for (const tab of tabs.slice(1)) {
      tab.sessionId = tabs[0]!.sessionId;
      tab.forget();
      await tab.open();
    }
    const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => tabs[n % 3]!.send('once', 'the-same-id')));
    expect(new Set(answers.map(({ messageId, replyId }) => `${messageId} ${replyId}`)).size).toBe(1);
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    await Promise.all(tabs.map((tab) => tab.ended(answers[0]!.replyId)));
    expect(await checkTabs(tabs)).toHaveLength(2);
    for (const tab of tabs) tab.close();
  });
});
