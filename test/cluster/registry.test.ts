/** Gateways and an owner on nodes of their own: pinned frames, probes everywhere, and the prompt that joins from outside. */
import { spawn, type ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkTabs, untilText } from '../support/cluster-check.ts';
import { clusterEnv, startNode, type ClusterNode, type Env } from '../support/cluster-nodes.ts';
import { roamingTab, type RoamingTab } from '../support/roaming-tab.ts';
import { testMongo } from '../support/servers/mongo.ts';
import { describeWith } from '../support/servers/programs.ts';
import { testRedis } from '../support/servers/redis.ts';
import { guestToken } from '../support/tab.ts';
import { until } from '../support/until.ts';

const ROOT = join(__dirname, '../..');
const RUNNER = ['node_modules/moleculer/bin/moleculer-runner.js', '--config', 'dist/moleculer.config.js', '--repl'];

describeWith(['redis-server', 'mongo'], 'what any node can tell', () => {
  let env: Env;
  let gateways: ClusterNode[];
  let owner: ClusterNode;
  let others: ClusterNode[];
  let prompt: ChildProcess | undefined;
  let tabs: RoamingTab[] = [];

  beforeAll(async () => {
    const [redis, mongo] = await Promise.all([testRedis(), testMongo()]);
    env = clusterEnv({ redis: redis.url, mongo: mongo.url }, { DEMO_TOKENS_PER_SECOND: '100', DEMO_TOKENS: '300', NODE_TTL_MS: '2000' });
    const nodes = await Promise.all(['gateway', 'gateway', 'session-owner', 'ai', 'history'].map((service, n) => startNode(service, { ...env, NODE_ID: `${service}-${n}` })));
    [gateways, owner, others] = [nodes.slice(0, 2), nodes[2]!, nodes.slice(3)];
    for (const { url } of nodes) await until(`${url} to be ready`, async () => (await fetch(`${url}/ready`)).status === 200, 30_000);
  }, 120_000);
  afterAll(async () => {
    tabs.forEach((tab) => tab.close());
    prompt?.kill('SIGKILL');
    await Promise.all([...gateways, owner, ...others].map((node) => node.stop()));
  }, 60_000);

  test('M12 every node answers /health, /ready and /metrics, and /api/health names them all', async () => {
    for (const { url, services } of [...gateways, owner, ...others]) {
      const answers = await Promise.all(['/health', '/ready', '/metrics'].map((path) => fetch(url + path)));
      expect([services, ...answers.map(({ status }) => status)]).toEqual([services, 200, 200, 200]);
      expect(await answers[2]!.text()).toMatch(/^process_cpu_seconds_total /m);
    }
    const look = async () => (await (await fetch(`${gateways[0]!.url}/api/health`)).json()) as { nodes: { services: string[] }[]; gateways: object[]; ai: object[]; dependencies: Record<string, { ok: boolean }> };
    await until('all are known', async () => (await look()).nodes.length === 5, 15_000);
    const health = await look();
    expect(health.nodes.flatMap(({ services }) => services).sort()).toEqual(['ai', 'gateway', 'gateway', 'history', 'session-owner']);
    expect(health.ai).toEqual([expect.objectContaining({ ok: true, provider: 'demo', load: 0, capacity: 64 })]);
    expect(health.gateways).toHaveLength(2);
    expect(health.dependencies).toMatchObject({ redis: { ok: true }, mongodb: { ok: true } });
  }, 60_000);

  test('F15 an owner without a gateway sends through one, in order, to tabs at both', async () => {
    const urls = gateways.map(({ url }) => url);
    const token = await guestToken(urls[0]!);
    const first = await roamingTab(urls, token, { first: 0 });
    const { replyId } = await first.send('hello');
    const second = await roamingTab(urls, token, { first: 1, sessionId: first.sessionId });
    tabs = [first, second];
    await untilText(second, replyId, 50);
    for (const tab of tabs) expect((await tab.ended(replyId, 30_000)).status).toBe('complete');
    await checkTabs(tabs);
    // Every frame came in its place: nobody had a hole, and nobody connected again.
    expect(tabs.map(({ counts, trips }) => [counts.holes, trips.reconnects])).toEqual([[0, 1], [0, 1]]);
  }, 60_000);

  test('M13 the prompt joins as a node of its own and tells of all nodes; a lock is released from there', async () => {
    const sessionId = tabs[0]!.sessionId;
    const inherited = { PATH: process.env['PATH'] ?? '', HOME: tmpdir() };
    prompt = spawn(process.execPath, RUNNER, { cwd: ROOT, env: { ...inherited, ...env, NODE_ID: 'repl', LOG_LEVEL: 'warn' }, stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    prompt.stdout?.on('data', (data: Buffer) => (said += data.toString()));
    prompt.stderr?.on('data', (data: Buffer) => (said += data.toString()));
    const tell = async (line: string, expected: RegExp): Promise<string> => {
      await until(`${line}: ${String(expected)}`, async () => {
        said = '';
        prompt?.stdin?.write(`${line}\n`);
        await until('an answer', () => /\n.*holdfast \$ $/s.test(said), 5_000).catch(() => undefined);
        return expected.test(said);
      }, 20_000).catch((error: unknown) => Promise.reject(new Error(`${String(error)}\n${said}`)));
      return said;
    };
    await until('the prompt', () => said.includes('holdfast $'), 30_000);
    const nodes = await tell('cluster', /history-4.*repl-\w+ \(this one\)/s);
    for (const name of ['gateway-0', 'gateway-1', 'session-owner-2', 'ai-3', 'history-4']) expect(nodes).toContain(name);
    const sockets = await tell('sockets', /gateway-1-/);
    expect(sockets.match(new RegExp(sessionId, 'g'))).toHaveLength(2);
    expect(await tell('health', /mongodb/)).toMatch(/redis +yes/);
    expect(await tell(`release ${sessionId}`, /Nothing was done/)).toMatch(/owner +session-owner-2-/);
    await tell(`release ${sessionId} --yes-i-know`, /Released[.]/);
    expect(await tell(`release ${sessionId}`, /Nobody holds|Nothing was done/)).not.toContain('Not released');
    const { replyId } = await tabs[0]!.send('again');
    expect((await tabs[1]!.ended(replyId, 30_000)).status).toBe('complete');
    prompt.stdin?.end();
    await new Promise((resolve) => void prompt?.once('exit', resolve));
  }, 90_000);
});
