/** Any gateway serves anyone: three gateways, three ai nodes, real Redis and MongoDB, no balancer and no stickiness. */
import { clusterEnv, startCluster, type Cluster } from '../support/cluster-nodes.ts';
import { checkTabs, untilText } from '../support/cluster-check.ts';
import { roamingTab } from '../support/roaming-tab.ts';
import { PNG } from '../support/sample-files.ts';
import { testMongo } from '../support/servers/mongo.ts';
import { describeWith } from '../support/servers/programs.ts';
import { testRedis } from '../support/servers/redis.ts';
import { guestToken } from '../support/tab.ts';
import { until } from '../support/until.ts';

describeWith(['redis-server', 'mongo'], 'a cluster', () => {
  let cluster: Cluster;
  let urls: string[];
  let token: string;

  beforeAll(async () => {
    const [redis, mongo] = await Promise.all([testRedis(), testMongo()]);
    const demo = { AI_VISION: 'on', DEMO_TOKENS_PER_SECOND: '200', DEMO_TOKENS: '200', NODE_TTL_MS: '2000' };
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

  test('E18 files that came in at one gateway are sent at another, read by an ai node, given back by a third, and go with their session', async () => {
    const tab = await roamingTab(urls, token, { first: 1 });
    const headers = { authorization: `Bearer ${token}` };
    const upload = async (name: string, body: BodyInit): Promise<string> => {
      const query = new URLSearchParams({ sessionId: tab.sessionId, name, clientFileId: name });
      const answer = await fetch(`${urls[0]}/api/files?${query.toString()}`, { method: 'POST', headers, body });
      expect(answer.status).toBe(201);
      return ((await answer.json()) as { fileId: string }).fileId;
    };
    const files = [await upload('plan.md', '# The plan for next year'), await upload('photo.png', PNG)];
    const { replyId } = await tab.request<{ replyId: string }>('message:send', { sessionId: tab.sessionId, clientMessageId: 'with-files', content: 'What is in these?', files });
    const reply = await tab.ended(replyId);
    expect(reply.content).toContain('`plan.md` has 6 words and begins with “The plan for next year …”');
    expect(reply.content).toContain(`\`photo.png\` is an image of ${PNG.byteLength} bytes.`);
    const back = await fetch(`${urls[2]}/api/files/${files[1]}`, { headers });
    expect(Buffer.from(await back.arrayBuffer())).toEqual(PNG);
    await tab.request('session:delete', { sessionId: tab.sessionId });
    await until('the files to be gone', async () => (await fetch(`${urls[2]}/api/files/${files[0]}`, { headers })).status === 404);
    tab.close();
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
