/**
 * A real cluster for a test file: the built product, one process per node, on real servers. What a test leaves running
 * is killed by its pid when the file ends.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { atEnd } from './at-end.ts';
import { until } from './until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COMMAND = ['node_modules/moleculer/bin/moleculer-runner.js', '--config', 'dist/moleculer.config.js', 'dist/services/**/*.service.js'];
const READY = /Holdfast (?:is ready|node \S+ .*answers probes) at (http:\/\/[^\s"]+)/;
const START_LIMIT_MS = 30_000;

export type Env = Record<string, string>;
export interface ClusterNode {
  readonly services: string;
  /** Of a gateway: where clients connect. Of any other node: where it answers probes. */
  readonly url: string;
  readonly pid: number;
  /** Its unique id in the cluster. */
  readonly nodeId: string;
  readonly lines: string[];
  readonly exited: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
  stop(): Promise<number | null>;
}

const running = new Set<{ child: ChildProcess; exited: Promise<unknown> }>();

atEnd(async () => {
  await Promise.all([...running].map(({ child, exited }) => {
    child.kill('SIGKILL');
    return exited;
  }));
});

/** The settings of a cluster on these servers, quick enough for tests. */
export function clusterEnv(servers: { redis: string; mongo: string; kafka?: string }, more: Env = {}): Env {
  return {
    REDIS_URL: servers.redis,
    MONGO_URL: servers.mongo,
    ...(servers.kafka === undefined ? { AUDIT: 'off' } : { KAFKA_BROKERS: servers.kafka }),
    AUTH_JWT_SECRET: 'a-secret-for-tests-of-at-least-32-characters',
    RATE_SENDS: '1000000',
    RATE_FRAMES: '100000',
    RATE_GUEST_TOKENS: '1000000',
    LOG_FORMAT: 'json',
    ...more,
  };
}

/** Starts one node and waits until it says that it is ready. */
export async function startNode(services: string, env: Env): Promise<ClusterNode> {
  const inherited = { PATH: process.env['PATH'] ?? '', HOME: tmpdir() };
  const child = spawn(process.execPath, COMMAND, { cwd: ROOT, env: { ...inherited, SERVICES: services, PORT: '0', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  let url: string | undefined;
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    url ??= READY.exec(line)?.[1];
  });
  createInterface({ input: child.stderr }).on('line', (line) => void lines.push(line));
  let ended = false;
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => {
    ended = true;
    running.delete(entry);
    resolve(code);
  }));
  const entry = { child, exited };
  running.add(entry);
  await until(`node ${services} to be ready`, () => url !== undefined || ended, START_LIMIT_MS).catch((err: unknown) => {
    throw new Error(`${String(err)}\n${lines.slice(-20).join('\n')}`);
  });
  if (url === undefined) throw new Error(`node ${services} ended before it was ready\n${lines.slice(-20).join('\n')}`);
  return {
    services,
    url,
    pid: child.pid ?? 0,
    nodeId: nodeIdIn(lines),
    lines,
    exited,
    kill: (signal) => void child.kill(signal),
    stop() {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

/** Moleculer's own first lines name the node. */
function nodeIdIn(lines: string[]): string {
  const found = lines.map((line) => /"nodeID":"([^"]+)"|Node ID: ([^"\s]+)/.exec(line)).find((match) => match !== null);
  return found?.[1] ?? found?.[2] ?? '';
}

export interface Cluster {
  readonly env: Env;
  readonly gateways: ClusterNode[];
  readonly ai: ClusterNode[];
  readonly all: ClusterNode[];
  add(services: string, env?: Env): Promise<ClusterNode>;
  stop(): Promise<void>;
}

/** Gateways with owners, ai nodes, one history and (with Kafka) one audit node; ready for chat when it resolves. */
export async function startCluster(env: Env, size: { gateways: number; ai: number }): Promise<Cluster> {
  const others = ['history', ...(env['KAFKA_BROKERS'] === undefined ? [] : ['audit'])];
  const [gateways, ai, rest] = await Promise.all([
    Promise.all(Array.from({ length: size.gateways }, (_, n) => startNode('gateway,session-owner', { NODE_ID: `gateway-${n + 1}`, ...env }))),
    Promise.all(Array.from({ length: size.ai }, (_, n) => startNode('ai', { NODE_ID: `ai-${n + 1}`, ...env }))),
    Promise.all(others.map((name) => startNode(name, { NODE_ID: name, ...env }))),
  ]);
  const all = [...gateways, ...ai, ...rest];
  await Promise.all(gateways.map(({ url }) => until(`${url} to be ready`, async () => (await fetch(`${url}/ready`)).status === 200, START_LIMIT_MS)));
  await Promise.all(gateways.map(({ url }) => until(`${url} to see ${size.ai} ai nodes`, async () => (await aiNodes(url)) >= size.ai, START_LIMIT_MS)));
  return {
    env,
    gateways,
    ai,
    all,
    async add(services, more = {}) {
      const node = await startNode(services, { ...env, ...more });
      all.push(node);
      return node;
    },
    async stop() {
      await Promise.all(all.map((node) => node.stop()));
    },
  };
}

/** ai nodes this gateway can reach. */
export async function aiNodes(url: string): Promise<number> {
  const health = (await (await fetch(`${url}/api/health`)).json()) as { ai: { ok: boolean }[] };
  return health.ai.filter(({ ok }) => ok).length;
}
