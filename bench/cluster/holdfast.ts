/** Holdfast as a cluster: the built product, a process per node, real servers, HAProxy in front. */
import { freePort, type LocalServer } from '../../scripts/servers/local-server.ts';
import { startRedis } from '../../scripts/servers/redis.ts';
import { compiled } from '../compiled.ts';
import { atEnd, temporaryFolder } from '../ending.ts';
import { answers, startNode, until, type NodeProcess } from '../node-process.ts';
import { SECRET } from '../tokens.ts';
import { startProxy } from './proxy.ts';

const RUNNER = ['node_modules/moleculer/bin/moleculer-runner.js', '--config', 'dist/moleculer.config.js', 'dist/services/**/*.service.js'];
const GATEWAY = 'gateway,session-owner';
/** No limit of the product's shall be the measured one; the rest is as it comes. */
const OPEN = { RATE_SENDS: '1000000', RATE_GUEST_TOKENS: '1000000', RATE_FRAMES: '1000000', AI_MAX_CONCURRENT: '10000', LOG_FORMAT: 'json', LOG_LEVEL: 'warn' };
/** Asks the model that lives in the ai process itself; see model.ts. */
export const OWN_MODEL = { AI_PROVIDER: 'openai', OPENAI_BASE_URL: 'http://model.bench/v1', OPENAI_API_KEY: 'x', AI_PROMPT_TOKENS: '200' };

export interface Size {
  gateways: number;
  ai: number;
}
export interface Gateway {
  /** Its name, with which the ids of its processes begin. */
  readonly name: string;
  readonly url: string;
  process: NodeProcess;
  /** Starts it again on its port, after its process is gone. */
  restart(): Promise<void>;
}
export interface Holdfast {
  /** Through HAProxy. */
  readonly url: string;
  readonly redis: LocalServer;
  readonly gateways: Gateway[];
  readonly ai: NodeProcess[];
  readonly proxy: LocalServer;
  stop(): Promise<void>;
}

export async function startHoldfast(size: Size, settings: Record<string, string> = {}): Promise<Holdfast> {
  const redis = await startRedis({ dir: temporaryFolder('redis') });
  atEnd(() => redis.stop());
  const mongo = await startHistoryStore();
  const start = starter({ REDIS_URL: redis.url, MONGO_URL: mongo.url, AUDIT: 'off', AUTH_JWT_SECRET: SECRET, ...OPEN, ...OWN_MODEL, ...settings });
  const [ai, gateways, history] = await Promise.all([
    Promise.all(numbered(size.ai, (n) => start(`ai-${n}`, 'ai'))),
    Promise.all(numbered(size.gateways, (n) => startGateway(start, `gateway-${n}`))),
    start('history', 'history'),
  ]);
  await Promise.all(gateways.map(({ url }) => until(`${url} to see ${size.ai} ai nodes`, async () => (await aiNodes(url)) === size.ai)));
  const proxy = await startProxy(gateways.map(({ url }) => url));
  return {
    url: proxy.url,
    redis,
    gateways,
    ai,
    proxy,
    async stop() {
      await proxy.stop();
      await Promise.all([...gateways.map((gateway) => gateway.process.stop()), ...ai.map((node) => node.stop()), history.stop()]);
      await Promise.all([redis.stop(), mongo.stop()]);
    },
  };
}

/** The place of MongoDB; see ../stand-ins/memory-mongo.ts. */
async function startHistoryStore(): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await freePort();
  const node = await startNode({
    name: 'memory-mongo',
    args: [compiled('stand-ins/memory-mongo')],
    env: { PORT: String(port) },
    folder: temporaryFolder('mongo'),
    ready: ({ output }) => output().includes('ready'),
  });
  return { url: `mongodb://127.0.0.1:${port}/holdfast`, stop: () => node.stop() };
}

type Starter = (name: string, services: string, port?: number) => Promise<NodeProcess>;

function starter(settings: Record<string, string>): Starter {
  const folder = temporaryFolder('nodes');
  const startOn = (name: string, services: string, port: number): Promise<NodeProcess> => {
    const url = `http://127.0.0.1:${port}`;
    const args = [...(services === 'ai' ? ['--import', compiled('model')] : ['--expose-gc', '--import', compiled('memory')]), ...RUNNER];
    const env = { NODE_ID: name, SERVICES: services, PORT: String(port), PROBE_PORT: String(port), DATA_DIR: folder, ...settings };
    return startNode({ name, args, env, folder, url, ready: () => answers(`${url}/ready`) });
  };
  return async (name, services, wanted) => {
    if (wanted !== undefined) return startOn(name, services, wanted);
    // A port that was free may be taken by the time the node wants it.
    return startOn(name, services, await freePort()).catch(async () => startOn(name, services, await freePort()));
  };
}

async function startGateway(start: Starter, name: string): Promise<Gateway> {
  const first = await start(name, GATEWAY);
  const gateway: Gateway = {
    name,
    url: first.url,
    process: first,
    async restart() {
      await gateway.process.exited;
      gateway.process = await start(name, GATEWAY, Number(new URL(gateway.url).port));
    },
  };
  return gateway;
}

async function aiNodes(url: string): Promise<number> {
  const health = (await (await fetch(`${url}/api/health`)).json()) as { ai: { ok: boolean }[] };
  return health.ai.filter(({ ok }) => ok).length;
}

function numbered<T>(count: number, make: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, n) => make(n + 1));
}

