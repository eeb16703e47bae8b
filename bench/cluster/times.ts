/**
 * The three times a person feels, on three gateways and three ai nodes through HAProxy, with a model server of its own
 * and other replies streaming meanwhile: send to first text, token to socket, Stop to the model server seeing the close.
 */
import { holdfastClient, relayClient, type Client } from '../clients.ts';
import type { Options } from '../options.ts';
import { figures, goal, line, type Figures } from '../stats.ts';
import { travelTimes } from '../stamps.ts';
import { rounds, type Waits } from '../stop.ts';
import { tokenOf } from '../tokens.ts';
import { startUpstream, type Upstream } from '../upstream.ts';
import { startRelayCluster } from './baselines.ts';
import { startHoldfast } from './holdfast.ts';

const SIZE = { gateways: 3, ai: 3 };
const OTHERS = 9;
const PAUSE_MS = 20;

interface Felt extends Waits {
  travel: number[];
}
interface Lane {
  name: string;
  felt: Felt;
  open(n: number): Promise<Client>;
}

/** The others stream from before the first round until after the last; then they are stopped. */
async function measure(upstream: Upstream, { felt, open }: Lane, count: number): Promise<void> {
  const others = await Promise.all(Array.from({ length: OTHERS }, (_, n) => open(n)));
  for (const other of others) other.onText = (text) => void felt.travel.push(...travelTimes(text));
  await Promise.all(others.map((other) => other.send()));
  const prober = await open(OTHERS);
  const waits = await rounds(upstream, prober, count);
  prober.close();
  felt.first.push(...waits.first);
  felt.stop.push(...waits.stop);
  for (const other of others) {
    const closed = new Promise((resolve) => (upstream.onAbort = resolve));
    other.onText = () => {};
    other.stop();
    await closed;
    other.close();
  }
}

export async function clusterTimes({ long, runs = long ? 1_000 : 100 }: Options): Promise<void> {
  const upstream = await startUpstream();
  upstream.shape = { tokens: 1_000_000, pauseMs: PAUSE_MS };
  const model = { OPENAI_BASE_URL: upstream.baseUrl };
  const relay = await startRelayCluster(SIZE, model);
  const cluster = await startHoldfast(SIZE, model);
  const empty = (): Felt => ({ first: [], stop: [], travel: [] });
  const lanes: Lane[] = [
    { name: 'bare Redis relay', felt: empty(), open: (n) => relayClient(relay.url, `room-${n}`) },
    { name: 'Holdfast', felt: empty(), open: async (n) => holdfastClient(cluster.url, await tokenOf(`user-${n}`)) },
  ];
  for (const lane of lanes) await measure(upstream, { ...lane, felt: empty() }, 10);
  const parts = 4;
  for (let part = 0; part < parts; part += 1) for (const lane of lanes) await measure(upstream, lane, Math.ceil(runs / parts));
  await upstream.close();
  report(lanes.map(({ name, felt }) => ({ name, first: figures(felt.first), travel: figures(felt.travel), stop: figures(felt.stop) })));
}

function report(rows: { name: string; first: Figures; travel: Figures; stop: Figures }[]): void {
  const kinds = [
    { title: 'send -> first text', of: 'first', wanted: 100 },
    { title: `model server -> socket, ${OTHERS + 1} replies streaming`, of: 'travel', wanted: 50 },
    { title: 'Stop -> the model server sees the close', of: 'stop', wanted: 100 },
  ] as const;
  console.log(`${SIZE.gateways} gateways, ${SIZE.ai} ai nodes`);
  for (const { title, of, wanted } of kinds) {
    console.log(title);
    for (const row of rows) console.log(line(`  ${row.name}`, row[of]));
    console.log(`  Holdfast p99 ${goal(rows.at(-1)![of].p99, '<=', wanted, ' ms')}`);
  }
}
