/** How long a token travels from the model server to a socket: Holdfast (log, fence, history) against the bare relay. */
import { guest, holdfastClient, relayClient, type Client } from './clients.ts';
import { startRelay, startServer } from './processes.ts';
import { figures, line, round } from './stats.ts';
import { travelTimes } from './stamps.ts';
import { startUpstream } from './upstream.ts';

const SESSIONS = 20;
const TOKENS = 200;
const PAUSE_MS = 20;
const ROUNDS = 3;

async function travel(clients: Client[]): Promise<number[]> {
  const times: number[] = [];
  const ends = clients.map((client) => new Promise<void>((resolve) => {
    client.onText = (text) => void times.push(...travelTimes(text));
    client.onEnd = resolve;
  }));
  await Promise.all(clients.map((client) => client.send()));
  await Promise.all(ends);
  return times;
}

export async function hop(): Promise<void> {
  const upstream = await startUpstream();
  upstream.shape = { tokens: TOKENS, pauseMs: PAUSE_MS };
  const server = await startServer({ AI_PROVIDER: 'openai', OPENAI_BASE_URL: upstream.baseUrl, OPENAI_API_KEY: 'x' });
  const relay = await startRelay(upstream.baseUrl);
  const token = await guest(server.url);
  const ours = await Promise.all(Array.from({ length: SESSIONS }, () => holdfastClient(server.url, token)));
  const bare = await Promise.all(Array.from({ length: SESSIONS }, (_, n) => relayClient(relay.url, `room-${n}`)));
  const all: { ours: number[]; bare: number[] } = { ours: [], bare: [] };
  await travel(ours);
  await travel(bare);
  for (let n = 0; n < ROUNDS; n += 1) {
    all.bare.push(...(await travel(bare)));
    all.ours.push(...(await travel(ours)));
  }
  const [a, b] = [figures(all.ours), figures(all.bare)];
  console.log(`model server -> socket, ${SESSIONS} replies at once, a token each ${PAUSE_MS} ms`);
  console.log(line('  bare socket.io relay', b));
  console.log(line('  Holdfast', a));
  console.log(`  ratio p50 ${round(a.p50 / b.p50)}   p99 ${round(a.p99 / b.p99)}`);
  for (const client of [...ours, ...bare]) client.close();
  await Promise.all([server.stop(), relay.stop()]);
  await upstream.close();
}
