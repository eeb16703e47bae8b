/**
 * Many replies at once with clients that switch gateways at random: every text is exact, and history, the log and Kafka
 * agree. LONG=1: a thousand of them.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { clusterEnv, startCluster, type Cluster } from '../support/cluster-nodes.ts';
import { checkTabs, untilText } from '../support/cluster-check.ts';
import { roamingTab } from '../support/roaming-tab.ts';
import { seeded } from '../support/seeded.ts';
import { testKafka } from '../support/servers/kafka.ts';
import { testMongo } from '../support/servers/mongo.ts';
import { describeWith } from '../support/servers/programs.ts';
import { testRedis } from '../support/servers/redis.ts';
import { guestToken } from '../support/tab.ts';
import { until } from '../support/until.ts';

const REPLIES = process.env['LONG'] === '1' ? 1_000 : 60;
const AT_ONCE = 20;
const ROOT = join(__dirname, '../..');

describeWith(['redis-server', 'mongo', 'kafka'], 'clients that switch gateways', () => {
  let cluster: Cluster;
  let urls: string[];
  let token: string;

  beforeAll(async () => {
    const [redis, mongo, kafka] = await Promise.all([testRedis(), testMongo(), testKafka()]);
    const demo = { DEMO_TOKENS_PER_SECOND: '200', DEMO_TOKENS: '200', NODE_TTL_MS: '2000' };
    cluster = await startCluster(clusterEnv({ redis: redis.url, mongo: mongo.url, kafka: kafka.url }, demo), { gateways: 3, ai: 3 });
    urls = cluster.gateways.map(({ url }) => url);
    token = await guestToken(urls[0]!);
  }, 180_000);
  afterAll(async () => cluster?.stop(), 60_000);

  /** One reply of 200 tokens, watched from up to four gateways one after the other. Answers the holes the client saw. */
  async function play(n: number): Promise<number> {
    const random = seeded(n);
    const tab = await roamingTab(urls, token, { first: random.int(0, 2) });
    const { replyId } = await tab.send(`question ${n}`);
    for (let trips = random.int(0, 3); trips > 0; trips -= 1) {
      await untilText(tab, replyId, tab.text(replyId).length + random.int(0, 200));
      tab.roam();
      await until('the trip', () => tab.socket.connected && tab.cursor !== null, 20_000);
    }
    expect((await tab.ended(replyId)).status).toBe('complete');
    // A frame may come while the tab opens and be in the answer as well: by its seq it is known and dropped.
    expect(tab.counts.resyncs).toBe(0);
    expect(await checkTabs([tab])).toHaveLength(2);
    tab.close();
    return tab.counts.holes;
  }

  /** What `npm run audit:verify` says, and its exit code. */
  function verify(since: string): Promise<{ code: number; said: string }> {
    const env = { ...process.env, ...cluster.env };
    return new Promise((resolve) => {
      execFile(process.execPath, ['scripts/audit.mjs', 'verify', '--since', since, '--wait', '60'], { cwd: ROOT, env, maxBuffer: 64_000_000 }, (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, said: `${stdout}\n${stderr}` });
      });
    });
  }

  test(`N22 ${REPLIES} replies: no gap, every text equal to history, and Kafka agrees`, async () => {
    const since = new Date().toISOString();
    let holes = 0;
    for (let from = 0; from < REPLIES; from += AT_ONCE) {
      const seen = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => play(from + i + 1)));
      holes += seen.reduce((sum, n) => sum + n, 0);
    }
    expect(holes).toBe(0);
    const { code, said } = await verify(since);
    expect(said).toContain(`(${REPLIES} replies): ${2 * REPLIES} agree, 0 differ`);
    expect(code).toBe(0);
  }, 1_200_000);
});
