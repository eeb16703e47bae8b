/** The servers a cluster needs: those that no setting names are started here. */
import { join } from 'node:path';
import { missingForHaproxy, startHaproxy } from '../servers/haproxy.ts';
import { missingForKafka, provideKafka, startKafka } from '../servers/kafka.ts';
import type { LocalServer, ServerOptions } from '../servers/local-server.ts';
import { missingForMongo, provideMongo, startMongo } from '../servers/mongo.ts';
import { startRedis } from '../servers/redis.ts';
import { missingPrograms } from '../servers/server-cache.ts';
import type { ClusterFolder } from './cluster-folder.ts';
import type { FreePorts } from './free-ports.ts';
import type { ServerPlan } from './server-member.ts';

interface ServerKind {
  name: string;
  /** The setting that names one of your own. */
  setting: string;
  urlAt(port: number): string;
  missing(): string[];
  /** Downloads or builds it the first time. */
  provide?: () => Promise<unknown>;
  start(options: ServerOptions): Promise<LocalServer>;
}

const kinds: ServerKind[] = [
  { name: 'redis', setting: 'REDIS_URL', urlAt: (port) => `redis://127.0.0.1:${port}`, missing: () => missingPrograms(['redis-server']), start: startRedis },
  { name: 'mongo', setting: 'MONGO_URL', urlAt: (port) => `mongodb://127.0.0.1:${port}/holdfast`, missing: missingForMongo, provide: provideMongo, start: startMongo },
  { name: 'kafka', setting: 'KAFKA_BROKERS', urlAt: (port) => `127.0.0.1:${port}`, missing: missingForKafka, provide: provideKafka, start: startKafka },
];

function wanted(env: NodeJS.ProcessEnv): ServerKind[] {
  return kinds.filter(({ name, setting }) => (env[setting] ?? '') === '' && !(name === 'kafka' && env['AUDIT'] === 'off'));
}

/** A line for each program that is not here; nothing was started yet. */
export function missingLines(env: NodeJS.ProcessEnv): string[] {
  const servers = wanted(env).map(({ setting, missing }) => ({ missing: missing(), otherwise: `, or set ${setting} to a server of yours` }));
  return [...servers, { missing: missingForHaproxy(), otherwise: '' }]
    .filter(({ missing }) => missing.length > 0)
    .map(({ missing, otherwise }) => `${missing.join(' and ')}: not on this machine. Install ${missing.length > 1 ? 'them' : 'it'}${otherwise}.`);
}

/** Makes ready what has to be fetched or built once. */
export async function provideServers(env: NodeJS.ProcessEnv): Promise<void> {
  for (const { provide } of wanted(env)) await provide?.();
}

/** Plans of the servers to start, and the settings by which nodes find all of them. */
export async function planServers(env: NodeJS.ProcessEnv, folder: ClusterFolder, ports: FreePorts): Promise<{ plans: ServerPlan[]; settings: Record<string, string> }> {
  const settings: Record<string, string> = {};
  for (const { setting } of kinds) if ((env[setting] ?? '') !== '') settings[setting] = env[setting] ?? '';
  if (env['AUDIT'] === 'off') settings['AUDIT'] = 'off';
  const plans: ServerPlan[] = [];
  for (const { name, setting, urlAt, start } of wanted(env)) {
    const port = await ports.take();
    settings[setting] = urlAt(port);
    plans.push({ name, port, logFile: folder.logOf(name), launch: () => start({ dir: folder.dirOf(name), port }) });
  }
  return { plans, settings };
}

export interface ProxyOptions {
  root: string;
  port: number;
  /** `haproxy.cfg` and its siblings. */
  config: string;
  env: Record<string, string>;
}

export function planProxy({ root, port, config, env }: ProxyOptions, folder: ClusterFolder): ServerPlan {
  const file = join(root, 'haproxy', config);
  return { name: 'haproxy', port, logFile: folder.logOf('haproxy'), launch: () => startHaproxy({ dir: folder.dirOf('haproxy'), port, config: { file }, env }) };
}
