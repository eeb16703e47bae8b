/** From send to the first text, and from Stop to the moment the model server sees its connection closed. */
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { guest, holdfastClient, relayClient, type Client } from './clients.ts';
import { startRelay, startServer } from './processes.ts';
import { figures, line } from './stats.ts';
import { startUpstream, type Upstream } from './upstream.ts';

const ROUNDS = 100;
const SETTLE_MS = 20;

export interface Waits {
  first: number[];
  stop: number[];
}

export async function rounds(upstream: Upstream, client: Client, count = ROUNDS): Promise<Waits> {
  const waits: Waits = { first: [], stop: [] };
  for (let n = 0; n < count; n += 1) {
    const closed = new Promise<number>((resolve) => (upstream.onAbort = resolve));
    const first = new Promise<number>((resolve) => (client.onText = () => resolve(performance.now())));
    const began = performance.now();
    await client.send();
    waits.first.push((await first) - began);
    const stopped = performance.now();
    client.stop();
    waits.stop.push((await closed) - stopped);
    // Text that is still on its way is not the next round's first.
    client.onText = () => {};
    await pause(SETTLE_MS);
  }
  return waits;
}

export async function stop(): Promise<void> {
  const upstream = await startUpstream();
  upstream.shape = { tokens: 1_000_000, pauseMs: 5 };
  const server = await startServer({ AI_PROVIDER: 'openai', OPENAI_BASE_URL: upstream.baseUrl, OPENAI_API_KEY: 'x' });
  const relay = await startRelay(upstream.baseUrl);
  const ours = await holdfastClient(server.url, await guest(server.url));
  const bare = await relayClient(relay.url, 'room');
  await rounds(upstream, ours);
  const [b, a] = [await rounds(upstream, bare), await rounds(upstream, ours)];
  console.log('send -> first text');
  console.log(line('  bare socket.io relay', figures(b.first)));
  console.log(line('  Holdfast', figures(a.first)));
  console.log('Stop -> the model server sees the close');
  console.log(line('  bare socket.io relay', figures(b.stop)));
  console.log(line('  Holdfast', figures(a.stop)));
  ours.close();
  bare.close();
  await Promise.all([server.stop(), relay.stop()]);
  await upstream.close();
}
