/** The baselines as clusters of the same shape: a Redis, processes of their own, the same HAProxy in front. */
import { freePort, type LocalServer } from '../../scripts/servers/local-server.ts';
import { startRedis } from '../../scripts/servers/redis.ts';
import { compiled } from '../compiled.ts';
import { atEnd, temporaryFolder } from '../ending.ts';
import { answers, startNode, type NodeProcess } from '../node-process.ts';
import type { Size } from './holdfast.ts';
import { startProxy } from './proxy.ts';

export interface Baseline {
  /** Through HAProxy; `urls` each server alone, through the same kind of HAProxy. */
  readonly url: string;
  readonly redis: LocalServer;
  readonly gateways: NodeProcess[];
  readonly models: NodeProcess[];
}

/** `OPENAI_BASE_URL` may name a model server; else the model is in the asking process. */
type Env = Record<string, string>;
const OWN_MODEL: Env = { OPENAI_BASE_URL: 'http://model.bench/v1' };

async function start(file: string, name: string, env: Env, serves: boolean): Promise<NodeProcess> {
  const port = serves ? await freePort() : 0;
  const url = serves ? `http://127.0.0.1:${port}` : '';
  const args = ['--expose-gc', '--import', compiled('memory'), '--import', compiled('model'), compiled(`baselines/${file}`)];
  return startNode({
    name,
    args,
    env: { NAME: name, PORT: String(port), ...OWN_MODEL, ...env },
    folder: temporaryFolder(name),
    url,
    ready: (node) => (serves ? answers(url) : node.output().includes('ready')),
  });
}

async function startRedisFor(): Promise<LocalServer> {
  const redis = await startRedis({ dir: temporaryFolder('redis') });
  atEnd(() => redis.stop());
  return redis;
}

async function cluster(gateway: string, model: string, size: Size, more: Env): Promise<Baseline> {
  const redis = await startRedisFor();
  const env = { REDIS_URL: redis.url, ...more };
  const models = await Promise.all(Array.from({ length: size.ai }, (_, n) => start(model, `${model}-${n + 1}`, env, false)));
  const gateways = await Promise.all(Array.from({ length: size.gateways }, (_, n) => start(gateway, `${gateway}-${n + 1}`, env, true)));
  const { url } = await startProxy(gateways.map((node) => node.url));
  return { url, redis, gateways, models };
}

/** Each token published on a Redis channel, each message of it sent on to the sockets. */
export function startRelayCluster(size: Size, env: Env = {}): Promise<Baseline> {
  return cluster('relay-gateway', 'relay-publisher', size, env);
}

/** For each token one Moleculer event, one fenced append, one frame. */
export function startEachCluster(size: Size, env: Env = {}): Promise<Baseline> {
  return cluster('each-gateway', 'each-model', size, env);
}

/** Two servers of resumable-stream, each behind an HAProxy of its own, so that a reader can choose the other one. */
export async function startResumable(): Promise<{ makers: string; joiners: string }> {
  const redis = await startRedisFor();
  const servers = await Promise.all([1, 2].map((n) => start('resumable-server', `resumable-${n}`, { REDIS_URL: redis.url }, true)));
  const [makers, joiners] = await Promise.all(servers.map((server) => startProxy([server.url])));
  return { makers: makers!.url, joiners: joiners!.url };
}
