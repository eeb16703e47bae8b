/** What more nodes bring. On one machine they share its cores: the figure for a CPU second says what a node costs. */
import { cpus } from 'node:os';
import { endAll } from '../ending.ts';
import type { Options } from '../options.ts';
import { cpuSeconds } from '../processes.ts';
import { startRelayCluster } from './baselines.ts';
import { clientsOf, holdfastContender, socketContender, type Contender } from './contenders.ts';
import { startHoldfast, type Size } from './holdfast.ts';
import { replies } from './replies.ts';

const SESSIONS = 120;
const TOKENS = 300;

interface Load {
  perSecond: number;
  perGatewayCpu: number;
  perModelCpu: number;
}

export async function clusterScale({ long, runs = long ? 8 : 2 }: Options): Promise<void> {
  const sizes: Size[] = [...[1, 2, 4].map((gateways) => ({ gateways, ai: 3 })), ...[1, 3, 5].map((ai) => ({ gateways: 2, ai }))];
  console.log(`${SESSIONS} replies of ${TOKENS} tokens at once as fast as the model goes, on ${cpus().length} cores for everything`);
  console.log('  gateways  ai nodes                     tokens a second   for a CPU second of the gateways   of the ai nodes');
  for (const size of sizes) {
    await measureSize(size, runs);
    await endAll();
  }
}

async function measureSize(size: Size, runs: number): Promise<void> {
  const contenders = [socketContender('bare Redis relay', await startRelayCluster(size)), holdfastContender(await startHoldfast(size))];
  const lanes = await Promise.all(contenders.map(async (contender) => ({ contender, clients: await clientsOf(contender, SESSIONS), loads: [] as Load[] })));
  for (const { clients } of lanes) await replies(clients, { tokens: 50, pause: 0 }, false);
  for (let run = 0; run < runs; run += 1) {
    for (const { contender, clients, loads } of lanes) {
      const before = cpuOf(contender);
      const { tokens, tookMs } = await replies(clients, { tokens: TOKENS, pause: 0 }, false);
      const after = cpuOf(contender);
      loads.push({ perSecond: (tokens * 1_000) / tookMs, perGatewayCpu: tokens / (after.gateways - before.gateways), perModelCpu: tokens / (after.models - before.models) });
    }
  }
  for (const { contender, clients, loads } of lanes) {
    const best = loads.reduce((a, b) => (b.perSecond > a.perSecond ? b : a));
    console.log(`  ${String(size.gateways).padEnd(10)}${String(size.ai).padEnd(10)}${contender.name.padEnd(22)}${count(best.perSecond)}${count(best.perGatewayCpu).padStart(28)}${count(best.perModelCpu).padStart(26)}`);
    for (const client of clients) client.close();
  }
}

const count = (value: number): string => Math.round(value).toLocaleString('en').padStart(12);

function cpuOf({ gateways, models }: Contender): { gateways: number; models: number } {
  const sum = (nodes: readonly { pid: number }[]): number => nodes.reduce((total, { pid }) => total + cpuSeconds(pid), 0);
  return { gateways: sum(gateways), models: sum(models) };
}
