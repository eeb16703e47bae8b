/** What an idle socket takes of a gateway's memory, with a session of its own open. */
import { holdfastClient, relayClient } from '../clients.ts';
import { endAll } from '../ending.ts';
import { until, type NodeProcess } from '../node-process.ts';
import type { Options } from '../options.ts';
import { goal, round } from '../stats.ts';
import { tokenOf } from '../tokens.ts';
import { startRelayCluster } from './baselines.ts';
import { startHoldfast } from './holdfast.ts';

const AT_ONCE = 50;

interface Memory {
  rss: number;
  heapUsed: number;
  external: number;
}
interface Closable {
  close(): void;
}

export async function idleMemory({ long, clients = long ? 5_000 : 2_000 }: Options): Promise<void> {
  const relay = await startRelayCluster({ gateways: 1, ai: 1 });
  const bare = await perSocket(relay.gateways[0]!, clients, (n) => relayClient(relay.url, `room-${n}`));
  await endAll();
  const cluster = await startHoldfast({ gateways: 1, ai: 1 });
  const ours = await perSocket(cluster.gateways[0]!.process, clients, async (n) => holdfastClient(cluster.url, await tokenOf(`user-${n}`)));
  console.log(`  memory of a gateway for an idle socket with a session open, ${clients} sockets, KiB (resident / heap in use)`);
  console.log(`    bare Redis relay: ${round(bare.rss)} / ${round(bare.heapUsed)}`);
  console.log(`    Holdfast: ${goal(ours.rss, '<=', 16)} / ${round(ours.heapUsed)}`);
}

/** KiB a socket, after a warm-up whose sockets are closed again: code and pools are not the sockets'. */
async function perSocket(gateway: NodeProcess, count: number, open: (n: number) => Promise<Closable>): Promise<Memory> {
  const some = await openAll(Math.ceil(count / 10), (n) => open(count + n));
  for (const client of some) client.close();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const before = await memoryOf(gateway);
  const clients = await openAll(count, open);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const after = await memoryOf(gateway);
  for (const client of clients) client.close();
  const each = (of: keyof Memory): number => (after[of] - before[of]) / count / 1_024;
  return { rss: each('rss'), heapUsed: each('heapUsed'), external: each('external') };
}

export async function openAll<T>(count: number, open: (n: number) => Promise<T>): Promise<T[]> {
  const opened: T[] = [];
  for (let n = 0; n < count; n += AT_ONCE) {
    opened.push(...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - n) }, (_, m) => open(n + m)))));
  }
  return opened;
}

/** After a garbage collection; see ../memory.ts. */
async function memoryOf(node: NodeProcess): Promise<Memory> {
  const lines = (): string[] => node.output().split('\n').filter((line) => line.startsWith('memory '));
  const had = lines().length;
  node.kill('SIGUSR2');
  await until('the gateway to say its memory', () => lines().length > had);
  return JSON.parse(lines().at(-1)!.slice('memory '.length)) as Memory;
}
