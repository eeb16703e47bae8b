/** Holdfast and the baselines as what a measurement needs of them: clients, and the processes that carry. */
import { holdfastClient, relayClient, type Client } from '../clients.ts';
import type { NodeProcess } from '../node-process.ts';
import { sseClient } from '../sse-client.ts';
import { tokenOf } from '../tokens.ts';
import { startEachCluster, startRelayCluster, startResumable, type Baseline } from './baselines.ts';
import { startHoldfast, type Holdfast, type Size } from './holdfast.ts';

export interface Contender {
  readonly name: string;
  /** A client with a conversation of its own. */
  client(n: number): Promise<Client>;
  readonly gateways: readonly NodeProcess[];
  readonly models: readonly NodeProcess[];
  readonly redis: readonly { pid: number }[];
}

export function holdfastContender(cluster: Holdfast, name = 'Holdfast'): Contender {
  return {
    name,
    client: async (n) => holdfastClient(cluster.url, await tokenOf(`user-${n}`)),
    gateways: cluster.gateways.map((gateway) => gateway.process),
    models: cluster.ai,
    redis: [cluster.redis],
  };
}

export function socketContender(name: string, { url, gateways, models, redis }: Baseline): Contender {
  return { name, client: (n) => relayClient(url, `room-${n}`), gateways, models, redis: [redis] };
}

/** All four ways, started one after the other. */
export async function startContenders(size: Size): Promise<{ relay: Contender; resumable: Contender[]; each: Contender; ours: Contender }> {
  const relay = socketContender('bare Redis relay', await startRelayCluster(size));
  const each = socketContender('one event per chunk', await startEachCluster(size));
  const { makers, joiners } = await startResumable();
  const nothing = { gateways: [], models: [], redis: [] };
  const resumable: Contender[] = [
    { name: 'resumable-stream, first reader', client: async () => sseClient(makers), ...nothing },
    { name: 'resumable-stream, reader elsewhere', client: async () => sseClient(makers, joiners), ...nothing },
  ];
  const ours = holdfastContender(await startHoldfast(size));
  return { relay, resumable, each, ours };
}

export function clientsOf(contender: Contender, count: number): Promise<Client[]> {
  return Promise.all(Array.from({ length: count }, (_, n) => contender.client(n)));
}
