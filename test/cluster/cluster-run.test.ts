/** `npm run cluster` and `npm run node` as people type them: real servers, the built product, another terminal. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClusterFolder } from '../../scripts/cluster/cluster-folder.ts';
import { FreePorts } from '../../scripts/cluster/free-ports.ts';
import { endLeftOver } from '../../scripts/cluster/leftovers.ts';
import { isAlive } from '../../scripts/cluster/process-identity.ts';
import { roamingTab } from '../support/roaming-tab.ts';
import { describeWith } from '../support/servers/programs.ts';
import { guestToken } from '../support/tab.ts';
import { until } from '../support/until.ts';

jest.setTimeout(180_000);

const ROOT = join(__dirname, '../..');
const START_LIMIT_MS = 120_000;

interface Command {
  child: ChildProcess;
  output: () => string;
  exited: Promise<number | null>;
}

describeWith(['redis-server', 'mongo', 'kafka', 'haproxy'], 'npm run cluster with everything', () => {
  const folder = new ClusterFolder(mkdtempSync(join(tmpdir(), 'holdfast-run-')));
  const running = new Set<ChildProcess>();
  let url = '';
  let up: Command;

  function run(file: string, words: string[], env: Record<string, string> = {}, input?: string): Command {
    const settings = { PATH: process.env['PATH'], HOME: process.env['HOME'], CLUSTER_DIR: folder.path, DEMO_TOKENS_PER_SECOND: '200', ...env };
    const child = spawn(process.execPath, [...(file.endsWith('.ts') ? ['--import', 'tsx'] : []), file, ...words], { cwd: ROOT, env: settings, stdio: ['pipe', 'pipe', 'pipe'] });
    child.stdin.end(input);
    running.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (output += part.toString()));
    const exited = new Promise<number | null>((resolve) => child.once('close', (code) => (running.delete(child), resolve(code))));
    return { child, output: () => output, exited };
  }
  const cluster = (...words: string[]): Command => run('scripts/cluster/main.ts', words);

  beforeAll(async () => {
    const port = await new FreePorts(22_000 + Math.floor(Math.random() * 6_000)).take();
    url = `http://127.0.0.1:${port}`;
    up = cluster('--port', String(port), '--gateways', '2', '--ais', '1');
    await until('the cluster is up', () => {
      if (running.has(up.child)) return up.output().includes(`Open ${url}`);
      throw new Error(up.output());
    }, START_LIMIT_MS);
  }, START_LIMIT_MS + 10_000);

  afterAll(async () => {
    running.forEach((child) => child.kill('SIGTERM'));
    await until('all have ended', () => running.size === 0, 40_000).catch(() => running.forEach((child) => child.kill('SIGKILL')));
    await endLeftOver(folder);
    rmSync(folder.path, { recursive: true, force: true });
  }, 90_000);

  const status = async (): Promise<string> => {
    const asked = cluster('status');
    await asked.exited;
    return asked.output();
  };

  test('N14 a message is answered through HAProxy, and status shows every member', async () => {
    const shown = await status();
    for (const name of ['redis', 'mongo', 'kafka', 'haproxy', 'gateway-1', 'gateway-2', 'ai-1', 'history-1', 'audit-1']) {
      expect(shown).toMatch(new RegExp(`^${name} +\\d+ +ready`, 'm'));
    }
    const tab = await roamingTab([url], await guestToken(url));
    const { replyId } = await tab.send('What is a lease?');
    const reply = await tab.ended(replyId);
    expect(reply.status).toBe('complete');
    tab.close();
  });

  test('N15 the audit tools and the REPL of another terminal find the cluster without any setting', async () => {
    const verify = run('scripts/audit.mjs', ['verify', '--since', '2000-01-01T00:00:00Z', '--json']);
    expect(await verify.exited).toBe(0);
    expect(verify.output()).toContain(`the cluster at ${url}`);
    expect(verify.output()).toMatch(/"replies":1\b.*"agree":2\b/s);
    const repl = run('scripts/repl.mjs', [], {}, 'cluster\n');
    expect(await repl.exited).toBe(0);
    for (const name of ['gateway-1', 'gateway-2', 'ai-1', 'history-1', 'audit-1', 'repl']) expect(repl.output()).toMatch(new RegExp(`^${name}-\\S+`, 'm'));
  });

  test('N18 npm run node adds a gateway that gets sockets with no file edited, and loses them in order when it stops', async () => {
    const node = run('scripts/node.mjs', [], { SERVICES: 'gateway,session-owner', NODE_ID: 'extra' });
    const nodes = async (): Promise<Set<string>> => {
      const names = new Set<string>();
      for (let number = 0; number < 6; number += 1) names.add(((await (await fetch(`${url}/api/health`)).json()) as { nodeId: string }).nodeId.replace(/-\w{8}$/, ''));
      return names;
    };
    await until('it serves through HAProxy', async () => (await nodes()).has('extra'), 60_000);
    expect(node.output()).toContain('extra joins the cluster');
    expect(await status()).toMatch(/^extra +\d+ +ready .*gw\d UP/m);
    node.child.kill('SIGTERM');
    expect(await node.exited).toBe(0);
    expect([...(await nodes())].sort()).toEqual(['gateway-1', 'gateway-2']);
    expect(await status()).not.toContain('extra');
  });

  test('N19 Ctrl-C ends every process in order, and clean removes the data', async () => {
    const { processes } = folder.readState()!;
    expect(processes).toHaveLength(9);
    up.child.kill('SIGINT');
    expect(await up.exited).toBe(0);
    expect(up.output()).toMatch(/Ending: nodes first[^\n]*\nEnded\.\n$/);
    expect(processes.filter(isAlive)).toEqual([]);
    expect((await status()).trim()).toBe('cluster: none runs here; start it: npm run cluster');
    expect(await cluster('clean').exited).toBe(0);
  });
});
