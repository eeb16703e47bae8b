/** `npm run cluster`: checks what can be checked before anything starts, then holds the supervisor until its end. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClusterFolder } from './cluster-folder.ts';
import type { NodeKind } from './cluster.ts';
import { isFree } from './free-ports.ts';
import { endLeftOver } from './leftovers.ts';
import { missingLines } from './server-plans.ts';
import type { Plan } from './supervise.ts';

export interface UpOptions {
  root: string;
  folder: ClusterFolder;
  host: string;
  port: number;
  tls: boolean;
  tlsPort: number;
  sticky: boolean;
  nodes: Partial<Record<NodeKind, number>>;
}

/** Ctrl-C under npm reaches this process twice; that close together it is one wish. */
const SAME_WISH_MS = 1_000;

/** Runs until the cluster has ended; answers the exit code. */
export async function up(options: UpOptions): Promise<number> {
  const { root, folder } = options;
  const problems = await problemsOf(options);
  for (const problem of problems) console.error(`cluster: ${problem}`);
  if (problems.length > 0) return 1;
  folder.make();
  const left = await endLeftOver(folder);
  if (left > 0) console.log(`Ended ${left} processes of a cluster that was killed.`);
  const built = spawnSync(process.execPath, [join(root, 'scripts/build-if-needed.mjs')], { stdio: 'inherit' });
  if (built.status !== 0) return 1;
  console.log(`Starting servers, then ${Object.values(options.nodes).reduce((sum, count) => sum + count, 0)} nodes … (the first time servers are downloaded or built; that takes minutes)`);
  return hold(planOf(options));
}

async function problemsOf({ folder, host, port, tls, tlsPort }: UpOptions): Promise<string[]> {
  const running = folder.runningState();
  if (running !== undefined) return [`one runs already (pid ${running.supervisor.pid}, ${running.url}): npm run cluster -- status`];
  const taken: string[] = [];
  if (!(await isFree(port, host))) taken.push(`port ${port} is in use. Stop the other program, or: npm run cluster -- --port 9000`);
  if (tls && !(await isFree(tlsPort, host))) taken.push(`port ${tlsPort} is in use. Stop the other program, or set --tls-port`);
  return [...missingLines(process.env), ...taken];
}

function planOf({ root, folder, host, port, tls, tlsPort, sticky, nodes }: UpOptions): Plan {
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const binds = { HAPROXY_BIND: `${host}:${port}`, HAPROXY_TLS_BIND: `${host}:${tlsPort}`, HTTPS_PORT: String(tlsPort) };
  const certificate: Record<string, string> = tls ? { CERTIFICATE: certificateOf(root, folder) } : {};
  return {
    root,
    folder: folder.path,
    nodes,
    proxy: {
      port,
      config: tls ? 'haproxy-tls.cfg' : sticky ? 'haproxy-sticky.cfg' : 'haproxy.cfg',
      env: { ...binds, ...certificate },
      url: tls ? `https://${shown}:${tlsPort}` : `http://${shown}:${port}`,
    },
  };
}

/** CERTIFICATE of the environment, or one for trying, made once. */
function certificateOf(root: string, folder: ClusterFolder): string {
  const given = process.env['CERTIFICATE'];
  if (given !== undefined && given !== '') return given;
  const file = join(folder.path, 'tls.pem');
  if (!existsSync(file)) execFileSync('sh', [join(root, 'haproxy/make-certificate.sh'), file], { stdio: 'inherit' });
  return file;
}

function hold(plan: Plan): Promise<number> {
  const supervisor = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('./supervise.ts', import.meta.url)), JSON.stringify(plan)], {
    cwd: plan.root,
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let askedAt: number | undefined;
  const end = (): void => {
    if (!supervisor.connected) return;
    if (askedAt === undefined) supervisor.send('end');
    else if (Date.now() - askedAt >= SAME_WISH_MS) supervisor.send('hurry');
    askedAt ??= Date.now();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  return new Promise((resolve) => supervisor.once('exit', (code) => resolve(code ?? 1)));
}
