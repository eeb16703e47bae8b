/**
 * `npm run cluster` with real Redis and HAProxy; MongoDB and Kafka are named by settings and the nodes are stand-ins
 * that answer /ready. What real nodes do in it is in scaling.test.ts.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask } from '../../scripts/cluster/control-client.ts';
import { openControl, type Request } from '../../scripts/cluster/control-server.ts';
import { ClusterFolder, type ClusterState } from '../../scripts/cluster/cluster-folder.ts';
import { Cluster } from '../../scripts/cluster/cluster.ts';
import { FreePorts } from '../../scripts/cluster/free-ports.ts';
import { endLeftOver } from '../../scripts/cluster/leftovers.ts';
import { identityOf, isAlive } from '../../scripts/cluster/process-identity.ts';
import { missingLines } from '../../scripts/cluster/server-plans.ts';
import { describeWith } from '../support/servers/programs.ts';
import { until } from '../support/until.ts';

jest.setTimeout(60_000);

const ROOT = join(__dirname, '../..');
const STAND_IN = [process.execPath, join(__dirname, 'stand-in-node.cjs')];
const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

function temporary(): ClusterFolder {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-cluster-'));
  folders.push(path);
  return new ClusterFolder(path);
}

/** Test files run side by side, and each wants ports of its own. */
const somewhere = (): number => 22_000 + Math.floor(Math.random() * 6_000);

interface Started {
  cluster: Cluster;
  folder: ClusterFolder;
  url: string;
  said: string[];
  control: Server;
  /** As another terminal would; answers what it prints, `ok` or `failed` first. */
  say(request: Request): Promise<string[]>;
}

async function startCluster(env: NodeJS.ProcessEnv = {}): Promise<Started> {
  const folder = temporary();
  const said: string[] = [];
  const port = await new FreePorts(somewhere()).take();
  const url = `http://127.0.0.1:${port}`;
  const settings = { PATH: process.env['PATH'], MONGO_URL: 'mongodb://127.0.0.1:1/x', KAFKA_BROKERS: '127.0.0.1:1', DRAIN_MS: '4000', ...env };
  const cluster = new Cluster({
    folder,
    root: ROOT,
    env: settings,
    proxy: { port, url, config: 'haproxy.cfg', env: { HAPROXY_BIND: `127.0.0.1:${port}` } },
    nodes: { gateway: 2, ai: 1 },
    command: STAND_IN,
    firstPort: somewhere(),
    say: (line) => said.push(line),
  });
  const path = folder.socket('control.sock');
  const control = await openControl(cluster, path, () => cluster.end());
  await cluster.start();
  const say = async (request: Request): Promise<string[]> => {
    const lines: string[] = [];
    const ok = await ask(path, request, (line) => lines.push(line));
    return [ok ? 'ok' : 'failed', ...lines];
  };
  return { cluster, folder, url, said, control, say };
}

/** Which gateways answer through HAProxy. */
async function answering(url: string): Promise<string[]> {
  const names = new Set<string>();
  for (let number = 0; number < 12; number += 1) {
    const answer = await fetch(`${url}/who`);
    if (answer.ok) names.add(((await answer.json()) as { NODE_ID: string }).NODE_ID);
  }
  return [...names].sort();
}

describeWith(['redis-server', 'haproxy'], 'npm run cluster', () => {
  let started: Started;
  beforeAll(async () => {
    started = await startCluster();
    expect(await started.cluster.gatewaysAreUp(10_000)).toBe(true);
  });
  afterAll(async () => {
    await started.cluster.end();
    started.control.close();
  });

  test('N14 starts what no setting names, and sockets reach every gateway', async () => {
    expect(started.cluster.members.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'redis ready', 'haproxy ready', 'gateway-1 ready', 'gateway-2 ready', 'ai-1 ready',
    ]);
    expect(await started.cluster.gatewaysAreUp(10_000)).toBe(true);
    expect(await answering(started.url)).toEqual(['gateway-1', 'gateway-2']);
  });

  test('N14 nodes get the servers, one secret that only its owner can read, and settings of their own', async () => {
    const env = (await (await fetch(`${started.url}/env`)).json()) as Record<string, string>;
    expect(env).toMatchObject({ MONGO_URL: 'mongodb://127.0.0.1:1/x', KAFKA_BROKERS: '127.0.0.1:1', SERVICES: 'gateway,session-owner', HOST: '127.0.0.1', TRUSTED_PROXIES: '127.0.0.1', DRAIN_MS: '4000' });
    expect(env['REDIS_URL']).toMatch(/^redis:\/\/127\.0\.0\.1:\d+$/);
    expect(env['AUTH_JWT_SECRET']).toBe(started.folder.secret());
    expect(env['AUTH_JWT_SECRET']).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(join(started.folder.path, 'secret')).mode & 0o777).toBe(0o600);
  });

  test('N15 status shows every member with pid, address, its slot and its log', async () => {
    const [ok, head, ...rows] = await started.say({ command: 'status' });
    expect([ok, head]).toEqual(['ok', expect.stringMatching(/^name +pid +state +listens at +haproxy +log$/)]);
    expect(rows).toHaveLength(5);
    const gateway = started.cluster.member('gateway-1');
    expect(rows[2]).toMatch(new RegExp(`^gateway-1 +${gateway.pid} +ready +${gateway.address} +gw\\d UP, 0 connections +.*gateway-1.log$`));
    expect(rows[4]).toMatch(/^ai-1 +\d+ +ready +127\.0\.0\.1:\d+ \(probes\) +\S*ai-1\.log$/);
  });

  test('N16 a node that dies is told and stays down until it is started again', async () => {
    const { cluster, said, say, url } = started;
    const { pid } = cluster.member('gateway-2');
    process.kill(pid!, 'SIGKILL');
    await until('it is told', () => said.some((line) => line.includes('gateway-2 died (SIGKILL)')));
    expect(cluster.member('gateway-2')).toMatchObject({ state: 'died', pid: undefined });
    expect(await answering(url)).toEqual(['gateway-1']);
    expect(await say({ command: 'start', name: 'gateway-2' })).toEqual(['ok', expect.stringMatching(/^gateway-2 is ready \(pid \d+, /)]);
    expect(await cluster.gatewaysAreUp(10_000)).toBe(true);
    expect(await answering(url)).toEqual(['gateway-1', 'gateway-2']);
    expect(cluster.member('gateway-2').pid).not.toBe(pid);
  });

  test('N15 stop ends one in order, start brings it back, and mistakes are named', async () => {
    const { cluster, said, say } = started;
    const before = said.length;
    expect(await say({ command: 'stop', name: 'ai-1' })).toEqual(['ok', expect.stringMatching(/^ai-1: exit 0, after \d/)]);
    expect(said).toHaveLength(before);
    expect(await say({ command: 'stop', name: 'ai-1' })).toEqual(['ok', expect.stringContaining('was not running')]);
    expect((await say({ command: 'start', name: 'ai-1' }))[0]).toBe('ok');
    expect(await say({ command: 'start', name: 'ai-1' })).toEqual(['failed', `ai-1 runs already (pid ${cluster.member('ai-1').pid})`]);
    expect(await say({ command: 'stop', name: 'billing' })).toEqual(['failed', 'there is no "billing"; there are redis, haproxy, gateway-1, gateway-2, ai-1']);
  });

  test('N17 start gateway adds one more, which gets sockets; no file is edited', async () => {
    const { cluster, say, url } = started;
    const config = readFileSync(join(ROOT, 'haproxy/haproxy.cfg'), 'utf8');
    expect(await say({ command: 'start', name: 'gateway' })).toEqual(['ok', expect.stringMatching(/^gateway-3 is ready/)]);
    expect(await cluster.gatewaysAreUp(10_000)).toBe(true);
    expect(await answering(url)).toEqual(['gateway-1', 'gateway-2', 'gateway-3']);
    await say({ command: 'stop', name: 'gateway-3' });
    expect(await answering(url)).toEqual(['gateway-1', 'gateway-2']);
    expect(readFileSync(join(ROOT, 'haproxy/haproxy.cfg'), 'utf8')).toBe(config);
    // Its slot is free for the next one.
    const taken = async (): Promise<number> => (await say({ command: 'haproxy', text: 'show stat' })).filter((line) => /^gateways,gw/.test(line) && !line.includes(',MAINT,')).length;
    await until('two slots are taken', async () => (await taken()) === 2);
  });

  test('N17 HAProxy started again knows all gateways; Redis started again has its data', async () => {
    const { cluster, say, url } = started;
    await say({ command: 'stop', name: 'haproxy' });
    await expect(fetch(url)).rejects.toThrow();
    expect((await say({ command: 'start', name: 'haproxy' }))[0]).toBe('ok');
    expect(await cluster.gatewaysAreUp(10_000)).toBe(true);
    expect(await answering(url)).toEqual(['gateway-1', 'gateway-2']);
    const redis = cluster.member('redis');
    await say({ command: 'stop', name: 'redis' });
    expect(redis).toMatchObject({ state: 'stopped', pid: undefined });
    expect((await say({ command: 'start', name: 'redis' }))[0]).toBe('ok');
    expect(statSync(join(started.folder.path, 'redis/appendonlydir')).isDirectory()).toBe(true);
  });

  test('N18 a gateway of another terminal gets sockets while its process lives', async () => {
    const { cluster, folder, url, say } = started;
    const state: ClusterState = { supervisor: identityOf(process.pid)!, control: folder.socket('control.sock'), url, settings: cluster.settings, processes: [] };
    folder.writeState(state);
    // As scripts/node.mjs does before it runs the node.
    const port = await new FreePorts(somewhere()).take();
    const script = `import { runningCluster } from ${JSON.stringify(join(ROOT, 'scripts/cluster/joining.mjs'))};
      const cluster = await runningCluster();
      const refusal = await cluster.join({ name: process.env.NODE_ID, pid: process.pid, services: 'gateway', port: ${port} });
      if (refusal) { console.log(refusal); process.exit(3); }
      await import(${JSON.stringify(STAND_IN[1])});`;
    const join_ = (name: string) => spawn(process.execPath, ['--input-type=module', '-e', script], { env: { PATH: process.env['PATH'], CLUSTER_DIR: folder.path, NODE_ID: name, HOST: '127.0.0.1', PORT: String(port) }, stdio: ['ignore', 'pipe', 'inherit'] });
    const joined = join_('extra');
    await until('it gets requests', async () => (await answering(url)).includes('extra'), 15_000);
    expect((await say({ command: 'status' })).at(-1)).toMatch(new RegExp(`^extra +${joined.pid} +ready .* gw\\d UP`));

    const second = join_('extra');
    const refused = await new Promise((resolve) => second.once('exit', resolve));
    expect(refused).toBe(3);

    joined.kill('SIGKILL');
    await until('it is forgotten', () => cluster.members.every(({ name }) => name !== 'extra'));
    expect(await answering(url)).toEqual(['gateway-1', 'gateway-2']);
  });

  test('N19 the end comes to nodes first, all at once, and leaves no process; data stays', async () => {
    const { cluster, folder, say } = started;
    const processes = cluster.processes;
    expect(processes.map(({ name }) => name)).toEqual(['redis', 'haproxy', 'gateway-1', 'gateway-2', 'ai-1']);
    const ends: string[] = [];
    let atFirstEnd: string[] | undefined;
    cluster.onChange = () => {
      atFirstEnd ??= cluster.members.filter(({ kind, pid }) => kind === 'node' && pid !== undefined).map(({ state }) => state);
      noteEnds();
    };
    const noteEnds = (): void => processes.filter((each) => !ends.includes(each.name) && cluster.member(each.name).pid === undefined).forEach(({ name }) => ends.push(name));
    expect(await say({ command: 'end' })).toEqual(['ok', 'The cluster has ended; its data stays.']);
    // The others were asked, too, before the first was gone.
    expect(atFirstEnd).toEqual(['stopping', 'stopping']);
    expect(ends.slice(0, 3).sort()).toEqual(['ai-1', 'gateway-1', 'gateway-2']);
    expect(ends.slice(3)).toEqual(['haproxy', 'redis']);
    expect(processes.filter(isAlive)).toEqual([]);
    expect(new Set(cluster.members.filter(({ kind }) => kind === 'node').map(({ state, note }) => `${state} ${note}`))).toEqual(new Set(['stopped exit 0']));
    expect(statSync(join(folder.path, 'redis/appendonlydir')).isDirectory()).toBe(true);
  });
});

describeWith(['redis-server', 'haproxy'], 'a cluster with a node that cannot start', () => {
  test('N16 says why in one line, and the others run', async () => {
    const { cluster, said, control } = await startCluster({ STAND_IN_BROKEN: 'ai-1' });
    expect(said).toEqual(['ai-1 ended while starting (exit 1): holdfast: this one cannot start']);
    expect(cluster.members.filter(({ state }) => state === 'ready').map(({ name }) => name)).toEqual(['redis', 'haproxy', 'gateway-1', 'gateway-2']);
    await cluster.end();
    control.close();
  });
});

describe('what is left of a cluster that was killed', () => {
  test('N19 is known by pid and start time, and ended; a stranger with the same pid is not', async () => {
    const folder = temporary();
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    const exited = new Promise<unknown>((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
    await until('it runs', () => identityOf(child.pid!) !== undefined);
    const mine = identityOf(child.pid!)!;
    const stranger = { ...identityOf(process.pid)!, began: '1' };
    const state: ClusterState = { supervisor: { pid: process.pid, began: '1' }, control: '/nowhere', url: '', settings: {}, processes: [{ name: 'redis', ...mine }, { name: 'ai-1', ...stranger }] };
    folder.writeState(state);
    expect(folder.runningState()).toBeUndefined();
    expect(folder.leftOver().map(({ name }) => name)).toEqual(['redis']);
    expect(await endLeftOver(folder)).toBe(1);
    expect(await exited).toBe('SIGTERM');
    expect(folder.readState()).toBeUndefined();
  });
});

describe('npm run cluster at the command line', () => {
  function run(words: string[], env: NodeJS.ProcessEnv): Promise<{ code: number | null; output: string }> {
    return new Promise((resolve) => {
      const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/cluster/main.ts', ...words], { cwd: ROOT, env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      child.stdout.on('data', (part: Buffer) => (output += part.toString()));
      child.stderr.on('data', (part: Buffer) => (output += part.toString()));
      child.once('close', (code) => resolve({ code, output: output.trim() }));
    });
  }

  test('N14 a program that is missing is one line: what to install or to set', () => {
    const path = process.env['PATH'];
    process.env['PATH'] = '/nowhere';
    try {
      expect(missingLines({ MONGO_URL: 'x', KAFKA_BROKERS: 'x' })).toEqual([
        'redis-server: not on this machine. Install it, or set REDIS_URL to a server of yours.',
        'haproxy: not on this machine. Install it.',
      ]);
      expect(missingLines({ REDIS_URL: 'x', MONGO_URL: 'x', AUDIT: 'off' })).toHaveLength(1);
    } finally {
      process.env['PATH'] = path;
    }
  });

  test('N14 a port that is taken is one line, and nothing is started', async () => {
    const folder = temporary();
    const port = await new FreePorts(somewhere()).take();
    const server = (await import('node:net')).createServer().listen(port, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { code, output } = await run(['--port', String(port)], { CLUSTER_DIR: folder.path, REDIS_URL: 'x', MONGO_URL: 'x', KAFKA_BROKERS: 'x' });
    server.close();
    expect({ code, output }).toEqual({ code: 1, output: `cluster: port ${port} is in use. Stop the other program, or: npm run cluster -- --port 9000` });
  });

  test('N15 without a running cluster every command says so; logs and clean work', async () => {
    const folder = temporary();
    const env = { CLUSTER_DIR: folder.path };
    expect(await run(['status'], env)).toEqual({ code: 1, output: 'cluster: none runs here; start it: npm run cluster' });
    expect(await run(['stop'], env)).toEqual({ code: 0, output: 'None runs here.' });
    expect(await run(['--help'], env)).toMatchObject({ code: 0, output: expect.stringMatching(/^npm run cluster /) });
    expect(await run(['logs', 'ai-1'], env)).toMatchObject({ code: 1 });
    expect(await run(['restart'], env)).toMatchObject({ code: 1, output: expect.stringContaining('"restart" is none of these') });
    (await import('node:fs')).mkdirSync(folder.dirOf('ai-1'));
    writeFileSync(folder.logOf('ai-1'), 'one\ntwo\n');
    expect(await run(['logs', 'ai-1'], env)).toEqual({ code: 0, output: 'one\ntwo' });

    const running: ClusterState = { supervisor: identityOf(process.pid)!, control: '/nowhere', url: '', settings: {}, processes: [] };
    folder.writeState(running);
    expect(await run(['clean'], env)).toMatchObject({ code: 1, output: expect.stringContaining('its data is in use') });
    folder.removeState();
    expect(await run(['clean'], env)).toMatchObject({ code: 0 });
    expect(() => statSync(folder.path)).toThrow();
  });
});
