/**
 * How much one gateway carries. At full speed the cores of this machine are shared with everything else, so the second
 * figure matters more: what CPU a gateway takes for a token when many replies come at a model's usual pace. Its inverse
 * is what a gateway carries that has a core of its own.
 */
import type { Client } from '../clients.ts';
import type { Options } from '../options.ts';
import { cpuSeconds } from '../processes.ts';
import { goal } from '../stats.ts';
import { startEachCluster, startRelayCluster } from './baselines.ts';
import { clientsOf, holdfastContender, socketContender, type Contender } from './contenders.ts';
import { startHoldfast } from './holdfast.ts';
import { replies, type Shape } from './replies.ts';

const SIZE = { gateways: 1, ai: 1 };
const SESSIONS = 100;
/** Long enough that sending and starting do not count. */
const FULL = { tokens: 1_000, pause: 0 };
const PACED = { tokens: 300, pause: 20 };

/** Tokens a second, and microseconds of CPU for a token. */
interface Load {
  perSecond: number;
  gateway: number;
  model: number;
  redis: number;
}
interface Lane {
  contender: Contender;
  clients: Client[];
  full: Load[];
  paced: Load[];
}

async function measure({ contender, clients }: Lane, shape: Shape): Promise<Load> {
  const { gateways, models, redis } = contender;
  const cpu = (): number[] => [gateways, models, redis].map((nodes) => nodes.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0));
  const before = cpu();
  const { tokens, tookMs } = await replies(clients, shape, false).catch((cause: unknown) => {
    throw new Error(contender.name, { cause });
  });
  const [gateway = NaN, model = NaN, store = NaN] = cpu().map((after, n) => ((after - before[n]!) * 1e6) / tokens);
  return { perSecond: (tokens * 1_000) / tookMs, gateway, model, redis: store };
}

export async function clusterCarry({ long, runs = long ? 10 : 2 }: Options): Promise<void> {
  const contenders = [
    socketContender('bare Redis relay', await startRelayCluster(SIZE)),
    socketContender('one event per chunk', await startEachCluster(SIZE)),
    holdfastContender(await startHoldfast(SIZE)),
  ];
  const lanes: Lane[] = [];
  for (const contender of contenders) lanes.push({ contender, clients: await clientsOf(contender, SESSIONS), full: [], paced: [] });
  for (const lane of lanes) await measure(lane, { tokens: 400, pause: 0 });
  for (let run = 0; run < runs; run += 1) {
    for (const lane of lanes) {
      lane.full.push(await measure(lane, FULL));
      lane.paced.push(await measure(lane, PACED));
    }
  }
  report(`${SESSIONS} replies at once as fast as the model goes`, lanes, (lane) => middle(lane.full), true);
  report(`${SESSIONS} replies at once, a token each ${PACED.pause} ms`, lanes, (lane) => middle(lane.paced), false);
  for (const { clients } of lanes) for (const client of clients) client.close();
}

/** The middle run of each figure. */
function middle(loads: Load[]): Load {
  const of = (name: keyof Load): number => loads.map((load) => load[name]).sort((a, b) => a - b)[Math.floor(loads.length / 2)] ?? NaN;
  return { perSecond: of('perSecond'), gateway: of('gateway'), model: of('model'), redis: of('redis') };
}

/** `free`: nothing but the machine bounds the tokens a second. */
function report(title: string, lanes: Lane[], of: (lane: Lane) => Load, free: boolean): void {
  console.log(title);
  for (const lane of lanes) {
    const { perSecond, gateway, model, redis } = of(lane);
    const cpu = [gateway, model, redis].map((micros) => micros.toFixed(1).padStart(6));
    console.log(`  ${lane.contender.name.padEnd(22)} ${Math.round(perSecond).toLocaleString('en').padStart(7)} tokens a second   CPU for a token, us: gateway ${cpu[0]}   model's side ${cpu[1]}   Redis ${cpu[2]}`);
  }
  const [relay, each, ours] = lanes.map(of) as [Load, Load, Load];
  const ratios = (name: string, ratio: (other: Load) => number): void =>
    console.log(`  ${name}: / relay ${goal(ratio(relay), '>=', 1.2)}   / one event per chunk ${goal(ratio(each), '>=', 3)}`);
  if (free) ratios('tokens a second', (other) => ours.perSecond / other.perSecond);
  ratios('tokens for a CPU second of the gateway', (other) => other.gateway / ours.gateway);
}
