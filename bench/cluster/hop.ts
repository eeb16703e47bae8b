/** How long a token travels from the ai process to a browser's socket, through the log, the broker and HAProxy. */
import type { Client } from '../clients.ts';
import type { Options } from '../options.ts';
import { figures, goal, line, type Figures } from '../stats.ts';
import { clientsOf, startContenders, type Contender } from './contenders.ts';
import { replies } from './replies.ts';

const SESSIONS = 20;
const SHAPE = { tokens: 125, pause: 20, delay: 300 };
/** Of each client before it counts: code that runs for days is compiled, and the larger takes longer for that. */
const WARM_TOKENS = 500;

interface Lane {
  contender: Contender;
  clients: Client[];
  times: number[];
}

export async function clusterHop({ long, runs = long ? 12 : 3 }: Options): Promise<void> {
  const { relay, resumable, each, ours } = await startContenders({ gateways: 1, ai: 1 });
  const lanes: Lane[] = [];
  for (const contender of [relay, ...resumable, each, ours]) lanes.push({ contender, clients: await clientsOf(contender, SESSIONS), times: [] });
  for (const { clients } of lanes) await replies(clients, { ...SHAPE, tokens: WARM_TOKENS }, true);
  for (let run = 0; run < runs; run += 1) {
    for (const lane of lanes) lane.times.push(...(await replies(lane.clients, SHAPE, true)).times);
  }
  report(lanes);
  for (const { clients } of lanes) for (const client of clients) client.close();
}

function report(lanes: Lane[]): void {
  console.log(`ai process -> socket, ${SESSIONS} replies at once, a token each ${SHAPE.pause} ms, 1 gateway, 1 ai node`);
  const all: Figures[] = lanes.map(({ times }) => figures(times));
  lanes.forEach(({ contender }, n) => console.log(line(`  ${contender.name}`, all[n]!)));
  const ours = all.at(-1)!;
  lanes.slice(0, -1).forEach(({ contender }, n) => {
    const [p50, p99] = [ours.p50 / all[n]!.p50, ours.p99 / all[n]!.p99];
    const marks = n === 0 ? [goal(p50, '<=', 1.5), goal(p99, '<=', 2)] : [goal(p50), goal(p99)];
    console.log(`  Holdfast / ${contender.name}: p50 ${marks[0]}   p99 ${marks[1]}`);
  });
}
