/** Many clients lose their connections at one moment, connect again through HAProxy, and resume. */
import type { Socket } from 'socket.io-client';
import { connect, holdfastClient, relayClient } from '../clients.ts';
import type { Options } from '../options.ts';
import { figures, goal, line } from '../stats.ts';
import { tokenOf } from '../tokens.ts';
import { startRelayCluster } from './baselines.ts';
import { startHoldfast } from './holdfast.ts';
import { openAll } from './idle-memory.ts';

const SIZE = { gateways: 3, ai: 1 };
const REPLY = 'tokens=5 pause=0 chars=5';

/** One that is connected and can come back. */
interface Traveller {
  drop(): void;
  /** Connects and has what it missed. */
  back(): Promise<void>;
}

export async function reconnect({ long, clients = long ? 5_000 : 1_000 }: Options): Promise<void> {
  const relay = await startRelayCluster(SIZE);
  const cluster = await startHoldfast(SIZE);
  console.log(`${clients} clients lose their connection at once and resume, ${SIZE.gateways} gateways; the clients share the machine`);
  const bare = await openAll(clients, (n) => relayTraveller(relay.url, n));
  show('bare Redis relay', await trip(bare));
  for (const traveller of bare) traveller.drop();
  const ours = await openAll(clients, (n) => traveller(cluster.url, n));
  const [everyone, cpuMs] = await trip(ours);
  show('Holdfast', [everyone, cpuMs]);
  console.log(`  Holdfast, the last one after ${goal(figures(everyone).max / 1_000, '<=', 10, ' s')}`);
  for (const { drop } of ours) drop();
}

/** When each was back, in ms from the loss; and the CPU this process took meanwhile. */
async function trip(travellers: Traveller[]): Promise<[number[], number]> {
  const cpu = process.cpuUsage();
  for (const traveller of travellers) traveller.drop();
  const began = performance.now();
  const times = await Promise.all(travellers.map(async (traveller) => {
    await traveller.back();
    return performance.now() - began;
  }));
  const { user, system } = process.cpuUsage(cpu);
  return [times, (user + system) / 1_000];
}

function show(name: string, [times, cpuMs]: [number[], number]): void {
  console.log(`${line(`  ${name}`, figures(times))}   of it CPU of the clients ${Math.round(cpuMs)} ms`);
}

async function relayTraveller(url: string, n: number): Promise<Traveller> {
  let client = await relayClient(url, `room-${n}`);
  return {
    drop: () => client.close(),
    async back() {
      client = await relayClient(url, `room-${n}`);
    },
  };
}

/** Has a session with one short reply, of which it saw nothing: that is what it resumes. */
async function traveller(url: string, n: number): Promise<Traveller> {
  const token = await tokenOf(`user-${n}`);
  const client = await holdfastClient(url, token);
  let socket: Socket = client.socket;
  const { cursor } = (await socket.emitWithAck('session:open', { sessionId: client.sessionId })) as { cursor: object };
  const ended = new Promise<void>((resolve) => (client.onEnd = resolve));
  await client.send(REPLY);
  await ended;
  return {
    drop: () => void socket.disconnect(),
    async back() {
      socket = await insist(() => connect(url, { token, protocol: 1 }));
      const answer = (await socket.emitWithAck('session:open', { sessionId: client.sessionId, cursor })) as { ok: boolean; resync: boolean; events?: object[] };
      if (!answer.ok || answer.resync || (answer.events?.length ?? 0) < 4) throw new Error(`not resumed: ${JSON.stringify(answer).slice(0, 300)}`);
    },
  };
}

/** As a client does: at once, then again with pauses. */
async function insist<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === 8) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200 * 2 ** Math.min(tries, 4) * (0.5 + Math.random() / 2)));
    }
  }
}
