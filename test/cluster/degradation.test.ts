/** Servers stop and come back under a running cluster: each line of "Degradation" in docs/ARCHITECTURE.md. */
import { Redis } from 'ioredis';
import type { LocalServer } from '../../scripts/servers/local-server.ts';
import { clusterEnv, startCluster, type Cluster } from '../support/cluster-nodes.ts';
import { checkTabs, untilText } from '../support/cluster-check.ts';
import { roamingTab, type RoamingTab } from '../support/roaming-tab.ts';
import { testKafka } from '../support/servers/kafka.ts';
import { testMongo } from '../support/servers/mongo.ts';
import { describeWith } from '../support/servers/programs.ts';
import { testRedis } from '../support/servers/redis.ts';
import { guestToken } from '../support/tab.ts';
import { until } from '../support/until.ts';

describeWith(['redis-server', 'mongo', 'kafka'], 'servers that go away', () => {
  let cluster: Cluster;
  let servers: { redis: LocalServer; mongo: LocalServer; kafka: LocalServer };
  let urls: string[];
  let token: string;

  beforeAll(async () => {
    const [redis, mongo, kafka] = await Promise.all([testRedis(), testMongo(), testKafka()]);
    servers = { redis, mongo, kafka };
    const demo = { DEMO_TOKENS_PER_SECOND: '100', DEMO_TOKENS: '300', NODE_TTL_MS: '4000' };
    cluster = await startCluster(clusterEnv({ redis: redis.url, mongo: mongo.url, kafka: kafka.url }, demo), { gateways: 2, ai: 2 });
    urls = cluster.gateways.map(({ url }) => url);
    token = await guestToken(urls[0]!);
  }, 180_000);

  afterAll(async () => cluster?.stop(), 60_000);

  async function again(name: keyof typeof servers): Promise<void> {
    const { dir, port } = servers[name];
    const start = { redis: testRedis, mongo: testMongo, kafka: testKafka }[name];
    servers[name] = await start({ dir, port });
  }
  async function down(name: keyof typeof servers, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    servers[name].kill(signal);
    await servers[name].exited;
  }
  const health = async () => (await (await fetch(`${urls[0]}/api/health`)).json()) as { dependencies: Record<string, { ok: boolean }> };

  async function streaming(question: string): Promise<{ tabs: RoamingTab[]; replyId: string }> {
    const one = await roamingTab(urls, token, { first: 0 });
    const two = await roamingTab(urls, token, { first: 1, sessionId: one.sessionId });
    const { replyId } = await one.send(question);
    await untilText(one, replyId, 150);
    return { tabs: [one, two], replyId };
  }
  async function whole(tabs: RoamingTab[], replyId: string): Promise<void> {
    for (const { status } of await Promise.all(tabs.map((tab) => tab.ended(replyId)))) expect(status).toBe('complete');
    await checkTabs(tabs);
    for (const tab of tabs) tab.close();
  }

  test.each<[string, NodeJS.Signals]>([['stopped', 'SIGTERM'], ['killed', 'SIGKILL']])('N40 fault 5: Redis %s in the middle of an answer: sockets stay, sends are refused for now, the answer ends whole', async (_, signal) => {
    const { tabs, replyId } = await streaming(`redis ${signal}`);
    const idle = await roamingTab(urls, token, { first: 0 });
    await down('redis', signal);
    await expect(idle.request('message:send', { sessionId: idle.sessionId, clientMessageId: 'while-away', content: 'x' })).rejects.toMatchObject({ code: 'unavailable' });
    expect([...tabs, idle].every(({ socket }) => socket.connected)).toBe(true);
    await again('redis');
    await whole(tabs, replyId);
    const { replyId: later } = await idle.send('x', 'while-away');
    await whole([idle], later);
    expect(idle.messages.size).toBe(2);
  }, 90_000);

  test('N41 fault 6: FLUSHALL in the middle of an answer: a new log is declared, the answer ends whole, all nodes find each other again', async () => {
    const { tabs, replyId } = await streaming('flushall');
    const before = tabs.map(({ cursor }) => cursor?.logId);
    const redis = new Redis(servers.redis.url);
    await redis.flushall();
    redis.disconnect();
    await whole(tabs, replyId);
    tabs.forEach((tab, n) => expect(tab.cursor?.logId).not.toBe(before[n]));
    const next = await streaming('after flushall');
    await whole(next.tabs, next.replyId);
  }, 90_000);

  test('N42 fault 10: MongoDB away when a reply completes: delivered now, stored exactly once later', async () => {
    const { tabs, replyId } = await streaming('mongo away');
    await down('mongo', 'SIGKILL');
    for (const tab of tabs) expect((await tab.ended(replyId)).status).toBe('complete');
    const { replyId: second } = await tabs[0]!.send('and on it goes');
    for (const tab of tabs) expect((await tab.ended(second)).status).toBe('complete');
    // A tab that comes now sees it all as well: the log has it.
    const late = await roamingTab(urls, token, { first: 1, sessionId: tabs[0]!.sessionId });
    expect(late.text(second)).toBe(tabs[0]!.text(second));
    late.close();
    await again('mongo');
    await until('health to be well', async () => (await health()).dependencies['mongodb']?.ok === true, 20_000);
    await whole(tabs, second);
  }, 90_000);

  test('N43 fault 12: Kafka away: nobody notices, and the outbox drains later', async () => {
    await down('kafka', 'SIGKILL');
    const { tabs, replyId } = await streaming('kafka away');
    await whole(tabs, replyId);
    await again('kafka');
    const redis = new Redis(servers.redis.url);
    await until('the outbox to drain', async () => Number((await redis.hget('audit:stats', 'entries')) ?? 0) === 0, 60_000);
    redis.disconnect();
  }, 120_000);
});
