/** `audit:verify` and `audit:rebuild` on a real cluster: what agrees, what does not, and an audit node that dies with a backlog. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import mongoose from 'mongoose';
import { clusterEnv, startCluster, type Cluster } from '../support/cluster-nodes.ts';
import type { LocalServer } from '../../scripts/servers/local-server.ts';
import { testKafka } from '../support/servers/kafka.ts';
import { testMongo } from '../support/servers/mongo.ts';
import { describeWith } from '../support/servers/programs.ts';
import { testRedis } from '../support/servers/redis.ts';
import { guestToken } from '../support/tab.ts';
import { until } from '../support/until.ts';

const ROOT = join(__dirname, '../..');
const REPLIES = 12;

interface Ran {
  code: number;
  out: string;
  err: string;
}
interface Verified {
  code: number;
  replies: number;
  agree: number;
  differ: number;
  waiting: number;
  rows: { messageId: string | null; verdict: string; notes: string[] }[];
}

describeWith(['redis-server', 'mongo', 'kafka'], 'the audit tools on a cluster', () => {
  jest.setTimeout(120_000);
  let cluster: Cluster;
  let kafka: LocalServer;
  let mongo: LocalServer;
  let token: string;

  beforeAll(async () => {
    const [redis, ...rest] = await Promise.all([testRedis(), testMongo(), testKafka()]);
    [mongo, kafka] = rest;
    const quick = { DEMO_TOKENS_PER_SECOND: '500', DEMO_TOKENS: '60', NODE_TTL_MS: '2000', AUDIT_BATCH: '7', AUDIT_DRAIN_MS: '100', AUDIT_RETRY_MAX_MS: '500', KAFKA_TIMEOUT_MS: '1500', KAFKA_PARTITIONS: '3' };
    cluster = await startCluster(clusterEnv({ redis: redis.url, mongo: mongo.url, kafka: kafka.url }, quick), { gateways: 1, ai: 1 });
    token = await guestToken(cluster.gateways[0]!.url);
  }, 600_000);
  afterAll(async () => cluster?.stop(), 60_000);

  async function post<T>(path: string, body: object): Promise<T> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    return (await (await fetch(`${cluster.gateways[0]!.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).json()) as T;
  }
  type Sent = { sessionId: string; messageId: string; replyId: string };
  const send = (n: number): Promise<Sent> => post<Sent>('/api/chat', { message: `question ${n}`, clientMessageId: `${Date.now()}-${n}` });
  const sendAll = (): Promise<Sent[]> => Promise.all(Array.from({ length: REPLIES }, (_, n) => send(n)));

  function tool(name: 'verify' | 'rebuild', ...words: string[]): Promise<Ran> {
    const env = { PATH: process.env['PATH'] ?? '', ...cluster.env };
    return new Promise((resolve) => {
      execFile(process.execPath, [`dist/tools/audit-${name}.js`, ...words], { cwd: ROOT, env, maxBuffer: 64_000_000 }, (error, out, err) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
      });
    });
  }
  async function verify(...words: string[]): Promise<Verified> {
    const { code, out, err } = await tool('verify', ...words, '--json');
    if (out === '') throw new Error(err);
    const verified = JSON.parse(out) as Verified;
    expect(verified.code).toBe(code);
    return verified;
  }

  test('A41 after a chat everything agrees, and a session rebuilt from Kafka is history, byte for byte', async () => {
    const since = new Date().toISOString();
    const [first, cancelled] = await sendAll();
    await post('/api/cancel', { sessionId: cancelled!.sessionId, messageId: cancelled!.replyId });
    expect(await verify('--since', since, '--wait', '30')).toMatchObject({ code: 0, replies: REPLIES, agree: 2 * REPLIES, differ: 0, waiting: 0 });
    for (const { sessionId } of [first!, cancelled!]) {
      expect(await verify('--session', sessionId)).toMatchObject({ code: 0, replies: 1 });
      const [trail, history] = await Promise.all([tool('rebuild', '--session', sessionId), tool('rebuild', '--session', sessionId, '--from', 'history')]);
      expect(trail.code).toBe(0);
      expect(trail.out).toBe(history.out);
      expect(JSON.parse(trail.out)).toMatchObject({ deleted: false, record: { id: sessionId }, messages: [{}, {}] });
    }
  });

  test('A41 a message that history lost is named, and the exit code says so; an unknown session is exit 2', async () => {
    const { sessionId, replyId } = await send(99);
    await verify('--session', sessionId, '--wait', '30');
    const direct = await mongoose.createConnection(mongo.url).asPromise();
    const removed = await Promise.all((await direct.db!.collections()).map((collection) => collection.deleteOne({ id: replyId })));
    const byKey = await Promise.all((await direct.db!.collections()).map((collection) => collection.deleteOne({ _id: `${sessionId}:${replyId}` as never })));
    await direct.close();
    expect([...removed, ...byKey].reduce((sum, { deletedCount }) => sum + deletedCount, 0)).toBe(1);
    const verified = await verify('--session', sessionId, '--wait', '0');
    expect(verified.code).toBe(1);
    expect(verified.rows.find(({ messageId }) => messageId === replyId)).toMatchObject({ verdict: 'differ', notes: ['missing in history'] });
    expect((await tool('verify', '--session', sessionId, '--wait', '0')).out).toMatch(new RegExp(`${replyId}.* differ +missing in history`));
    expect(await tool('verify', '--session', 'nobody', '--wait', '0')).toMatchObject({ code: 2, err: expect.stringMatching(/nothing is known/) });
    expect(await tool('verify')).toMatchObject({ code: 2, err: expect.stringMatching(/^Usage/) });
    expect(await tool('verify', '--help')).toMatchObject({ code: 0, out: expect.stringMatching(/^Usage/), err: '' });
  });

  test('A42 fault 13: SIGKILL of the audit node with a backlog: nothing is missing once another one runs', async () => {
    const since = new Date().toISOString();
    const audit = cluster.all.find(({ services }) => services === 'audit')!;
    kafka.kill('SIGSTOP');
    await sendAll();
    await until('the audit node meets the outage', () => audit.lines.some((line) => line.includes('cannot be delivered')), 30_000);
    audit.kill('SIGKILL');
    await audit.exited;
    kafka.kill('SIGCONT');
    await cluster.add('audit', { NODE_ID: 'audit-2' });
    expect(await verify('--since', since, '--wait', '60')).toMatchObject({ code: 0, replies: REPLIES, agree: 2 * REPLIES });
  });
});
