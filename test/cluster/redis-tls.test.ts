/** `rediss://`: every connection of every node to Redis over TLS, with a user and a password. */
import { Redis } from 'ioredis';
import { freePort, type LocalServer } from '../../scripts/servers/local-server.ts';
import { checkTabs } from '../support/cluster-check.ts';
import { clusterEnv, startCluster, startNode, type Env } from '../support/cluster-nodes.ts';
import { roamingTab, type RoamingTab } from '../support/roaming-tab.ts';
import { selfSigned } from '../support/servers/certificate.ts';
import { testMongo } from '../support/servers/mongo.ts';
import { describeWith } from '../support/servers/programs.ts';
import { testRedis } from '../support/servers/redis.ts';
import { serverFolder } from '../support/servers/started.ts';
import { guestToken } from '../support/tab.ts';
import { until } from '../support/until.ts';

const PASSWORD = 'hidden-word';

describeWith(['redis-server', 'mongo', 'openssl'], 'Redis over TLS', () => {
  jest.setTimeout(90_000);
  let certificate: string;
  let args: string[];
  let tlsPort: number;
  let env: Env;
  let redis: LocalServer;

  beforeAll(async () => {
    const signed = selfSigned(serverFolder('redis-tls'));
    certificate = signed.certificate;
    tlsPort = await freePort();
    const tls = ['--tls-port', String(tlsPort), '--tls-cert-file', certificate, '--tls-key-file', signed.key, '--tls-ca-cert-file', certificate, '--tls-auth-clients', 'no'];
    args = [...tls, '--user', 'chat', 'on', `>${PASSWORD}`, '~*', '&*', '+@all'];
    redis = await testRedis({ args });
    const mongo = await testMongo();
    env = clusterEnv({ redis: `rediss://chat:${PASSWORD}@127.0.0.1:${tlsPort}`, mongo: mongo.url }, { DEMO_TOKENS_PER_SECOND: '200', DEMO_TOKENS: '60' });
  });

  test('O68 a certificate that nobody vouches for is refused in a line that says what to set', async () => {
    const refusal = await startNode('ai', env).then(() => null, (error: unknown) => String(error));
    expect(refusal).toContain(`Redis at 127.0.0.1:${tlsPort}: its certificate is not trusted: set NODE_EXTRA_CA_CERTS`);
    expect(refusal).not.toContain(PASSWORD);
  });

  test('O68 a cluster works over it, also after a restart of Redis, and its logs do not show the password', async () => {
    const cluster = await startCluster({ ...env, NODE_EXTRA_CA_CERTS: certificate }, { gateways: 2, ai: 1 });
    const urls = cluster.gateways.map(({ url }) => url);
    const token = await guestToken(urls[0]!);
    const one = await roamingTab(urls, token, { first: 0 });
    const two = await roamingTab(urls, token, { first: 1, sessionId: one.sessionId });
    await askedInBoth(one, two);
    expect(await portsOf(redis.url)).toEqual([String(tlsPort)]);
    redis.kill('SIGKILL');
    await redis.exited;
    const again = await testRedis({ args, dir: redis.dir, port: redis.port });
    await until('both gateways to reach Redis again', async () => (await Promise.all(urls.map(reachesRedis))).every(Boolean), 30_000);
    await askedInBoth(one, two);
    expect(await portsOf(again.url)).toEqual([String(tlsPort)]);
    await checkTabs([one, two]);
    for (const tab of [one, two]) tab.close();
    await cluster.stop();
    expect(cluster.all.flatMap(({ lines }) => lines).filter((line) => line.includes(PASSWORD))).toEqual([]);
  });
});

async function askedInBoth(one: RoamingTab, two: RoamingTab): Promise<void> {
  const { replyId } = await one.send('over TLS');
  const [here, there] = await Promise.all([one.ended(replyId), two.ended(replyId)]);
  expect(here.status).toBe('complete');
  expect(there.content).toBe(here.content);
}

/** At which ports the nodes' connections came in. */
async function portsOf(url: string): Promise<string[]> {
  const redis = new Redis(url);
  const clients = String(await redis.client('LIST'));
  redis.disconnect();
  return [...new Set([...clients.matchAll(/laddr=\S+:(\d+) .*name=holdfast/g)].map(([, port]) => port!))];
}

async function reachesRedis(url: string): Promise<boolean> {
  const health = (await (await fetch(`${url}/api/health`)).json()) as { dependencies: { redis: { ok: boolean } } };
  return health.dependencies.redis.ok;
}
