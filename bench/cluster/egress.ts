/** Bytes and memory: what Redis sends out with one and with four gateways, what a browser gets, what an idle socket takes. */
import type { Socket } from 'node:net';
import { Redis } from 'ioredis';
import { relayClient, holdfastClient, type Client } from '../clients.ts';
import { endAll } from '../ending.ts';
import type { Options } from '../options.ts';
import { goal, round } from '../stats.ts';
import { tokenOf } from '../tokens.ts';
import { startRelayCluster } from './baselines.ts';
import { startHoldfast } from './holdfast.ts';
import { idleMemory } from './idle-memory.ts';
import { replies } from './replies.ts';

const SESSIONS = 40;
const SHAPE = { tokens: 200, pause: 20 };
const ANSWER = 2_000;
const IDLE_MS = 3_000;

/** Two clients in one conversation: the first asks. */
type Pair = (n: number) => Promise<[Client, Client]>;

export async function clusterEgress(options: Options): Promise<void> {
  const ours: Egress[] = [];
  const relay: Egress[] = [];
  for (const gateways of [1, 4]) {
    const bare = await startRelayCluster({ gateways, ai: 1 });
    relay.push(await egress(bare.redis.url, async (n) => [await relayClient(bare.url, `room-${n}`), await relayClient(bare.url, `room-${n}`)]));
    const cluster = await startHoldfast({ gateways, ai: 1 });
    ours.push(await egress(cluster.redis.url, async (n) => {
      const token = await tokenOf(`user-${n}`);
      const first = await holdfastClient(cluster.url, token);
      return [first, await holdfastClient(cluster.url, token, first.sessionId)];
    }));
    if (gateways === 1) await answerBytes(cluster.url, bare.url);
    await endAll();
  }
  report('bare Redis relay', relay);
  report('Holdfast', ours, 1.1);
  await idleMemory(options);
}

interface Egress {
  /** Bytes for a token, one tab and two tabs on a conversation. */
  one: number;
  two: number;
  idlePerSecond: number;
}

/** First with one tab in each session, then with a second one, which HAProxy sends to the next gateway. */
async function egress(url: string, pair: Pair): Promise<Egress> {
  const redis = new Redis(url);
  const bytes = async (): Promise<number> => Number(/total_net_output_bytes:(\d+)/.exec(await redis.info('stats'))?.[1]);
  const during = async (task: () => Promise<unknown>): Promise<number> => {
    const before = await bytes();
    await task();
    return (await bytes()) - before;
  };
  const pairs: [Client, Client][] = [];
  for (let n = 0; n < SESSIONS; n += 1) pairs.push(await pair(n));
  const tokens = SESSIONS * SHAPE.tokens;
  const askers = pairs.map(([asker]) => asker);
  await replies(askers, { tokens: 20, pause: 10 }, false);
  const idle = await during(() => new Promise((resolve) => setTimeout(resolve, IDLE_MS)));
  const two = await during(() => replies(askers, SHAPE, false));
  for (const [, second] of pairs) second.close();
  await new Promise((resolve) => setTimeout(resolve, 500));
  const one = await during(() => replies(askers, SHAPE, false));
  for (const asker of askers) asker.close();
  redis.disconnect();
  return { one: one / tokens, two: two / tokens, idlePerSecond: (idle * 1_000) / IDLE_MS };
}

function report(name: string, [one, four]: Egress[], wanted?: number): void {
  const [alone, pair] = [four!.one / one!.one, four!.two / one!.two];
  console.log(`  ${name}: bytes out of Redis for a token, ${SESSIONS} replies at once, a token each ${SHAPE.pause} ms`);
  console.log(`    a tab in each session:    1 gateway ${round(one!.one)}   4 gateways ${round(four!.one)}   ratio ${wanted === undefined ? round(alone) : goal(alone, '<=', wanted)}`);
  console.log(`    two tabs in each session: 1 gateway ${round(one!.two)}   4 gateways ${round(four!.two)}   ratio ${round(pair)}`);
  console.log(`    nothing going on, bytes a second: ${Math.round(one!.idlePerSecond)} and ${Math.round(four!.idlePerSecond)}`);
}

/** What one answer brings to a browser's TCP socket, a frame for each token of four characters. */
async function answerBytes(url: string, relayUrl: string): Promise<void> {
  console.log(`  bytes to a browser for ${ANSWER} tokens of 4 characters, ${ANSWER * 4} bytes of text`);
  for (const [name, client] of [['bare Redis relay', await relayClient(relayUrl, 'answer')], ['Holdfast', await holdfastClient(url, await tokenOf('reader'))]] as const) {
    const tcp = tcpOf(client.socket);
    const before = tcp.bytesRead;
    let frames = 0;
    const ended = new Promise<void>((resolve) => {
      client.onText = () => void (frames += 1);
      client.onEnd = resolve;
    });
    await client.send(`tokens=${ANSWER} pause=3 chars=4`);
    await ended;
    const bytes = tcp.bytesRead - before;
    const shown = name === 'Holdfast' ? goal(bytes / 1_000, '<=', 100, ' kB') : `${round(bytes / 1_000)} kB`;
    console.log(`    ${name}: ${shown} in ${frames} frames of text, ${round(bytes / ANSWER)} bytes a token`);
    client.close();
  }
}

/** The socket under socket.io's websocket, which its types do not show. */
function tcpOf(socket: { io: { engine: object } }): Socket {
  const { transport } = socket.io.engine as { transport: { ws: { _socket: Socket } } };
  return transport.ws._socket;
}
