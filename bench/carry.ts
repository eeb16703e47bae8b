/** How many tokens a second one process brings to sockets when the model server is as fast as it can be. */
import { guest, holdfastClient, relayClient, type Client } from './clients.ts';
import { cpuSeconds, startRelay, startServer, type Running } from './processes.ts';
import { round } from './stats.ts';
import { startUpstream } from './upstream.ts';

const SESSIONS = 50;
const SOCKETS_EACH = 4;
const TOKENS = 1_000;
const ROUNDS = 3;

interface Load {
  perSecond: number;
  perCpuSecond: number;
}

async function measure(server: Running, senders: Client[], listeners: Client[]): Promise<Load> {
  let tokens = 0;
  const ends = listeners.map((client) => new Promise<void>((resolve) => {
    client.onText = (text) => void (tokens += text.split(' ').length - 1);
    client.onEnd = resolve;
  }));
  const [began, cpu] = [performance.now(), cpuSeconds(server.pid)];
  await Promise.all(senders.map((client) => client.send()));
  await Promise.all(ends);
  const expected = SESSIONS * SOCKETS_EACH * TOKENS;
  if (tokens !== expected) throw new Error(`expected ${expected} tokens at the sockets, got ${tokens}`);
  return { perSecond: (tokens / (performance.now() - began)) * 1_000, perCpuSecond: tokens / (cpuSeconds(server.pid) - cpu) };
}

const best = (loads: Load[]): Load => loads.reduce((a, b) => (b.perSecond > a.perSecond ? b : a));
const show = (name: string, { perSecond, perCpuSecond }: Load): string =>
  `${name.padEnd(44)} ${Math.round(perSecond).toLocaleString('en')} a second   ${Math.round(perCpuSecond).toLocaleString('en')} a CPU second of the server`;

async function sockets<T extends Client>(make: (session: number, first: T | undefined) => Promise<T>): Promise<{ senders: T[]; listeners: T[] }> {
  const senders: T[] = [];
  const listeners: T[] = [];
  for (let session = 0; session < SESSIONS; session += 1) {
    const first = await make(session, undefined);
    senders.push(first);
    listeners.push(first, ...(await Promise.all(Array.from({ length: SOCKETS_EACH - 1 }, () => make(session, first)))));
  }
  return { senders, listeners };
}

export async function carry(): Promise<void> {
  const upstream = await startUpstream();
  upstream.shape = { tokens: TOKENS, pauseMs: 0 };
  const server = await startServer({ AI_PROVIDER: 'openai', OPENAI_BASE_URL: upstream.baseUrl, OPENAI_API_KEY: 'x', AUDIT: 'on' });
  const relay = await startRelay(upstream.baseUrl);
  const token = await guest(server.url);
  const ours = await sockets<Awaited<ReturnType<typeof holdfastClient>>>((_, first) => holdfastClient(server.url, token, first?.sessionId));
  const bare = await sockets<Client>((session) => relayClient(relay.url, `room-${session}`));
  const loads: { ours: Load[]; bare: Load[] } = { ours: [], bare: [] };
  for (let n = 0; n < ROUNDS; n += 1) {
    loads.bare.push(await measure(relay, bare.senders, bare.listeners));
    loads.ours.push(await measure(server, ours.senders, ours.listeners));
  }
  const [a, b] = [best(loads.ours), best(loads.bare)];
  console.log(`tokens brought to sockets: ${SESSIONS} replies at once, ${SOCKETS_EACH} sockets each, best of ${ROUNDS}`);
  console.log(show('  bare socket.io relay', b));
  console.log(show('  Holdfast', a));
  console.log(`  ratio ${round(a.perSecond / b.perSecond)}   per CPU second ${round(a.perCpuSecond / b.perCpuSecond)}`);
  for (const client of [...ours.listeners, ...bare.listeners]) client.close();
  await Promise.all([server.stop(), relay.stop()]);
  await upstream.close();
}
