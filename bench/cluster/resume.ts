/** How long a gateway takes to answer "what follows my cursor" with 500 chunks, seen from the other end of its socket. */
import { get } from 'node:http';
import { holdfastClient } from '../clients.ts';
import type { Options } from '../options.ts';
import { figures, goal, line } from '../stats.ts';
import { tokenOf } from '../tokens.ts';
import { startResumable } from './baselines.ts';
import { startHoldfast } from './holdfast.ts';

const CHUNKS = 500;

interface OpenAnswer {
  ok: boolean;
  resync: boolean;
  cursor: { logId: string; seq: number };
  events?: { type: string }[];
}

export async function resume({ long, runs = long ? 2_000 : 300 }: Options): Promise<void> {
  const { makers, joiners } = await startResumable();
  const cluster = await startHoldfast({ gateways: 1, ai: 1 });
  // A socket straight to the gateway: HAProxy's part is not the server's.
  const client = await holdfastClient(cluster.gateways[0]!.url, await tokenOf('reader'));
  await reply(client);
  const open = (cursor?: OpenAnswer['cursor']): Promise<OpenAnswer> => client.socket.emitWithAck('session:open', { sessionId: client.sessionId, cursor }) as Promise<OpenAnswer>;
  const { cursor: head } = await open();
  const cursor = { ...head, seq: head.seq - CHUNKS };
  const path = `/stream?id=resumed&ask=${encodeURIComponent(`tokens=${CHUNKS} pause=1 chars=5 hold=600000`)}`;
  const size = await begin(makers + path);

  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let run = 0; run < runs + 20; run += 1) {
    const began = performance.now();
    const answer = await open(cursor);
    const took = performance.now() - began;
    if (answer.resync || answer.events?.length !== CHUNKS) throw new Error(`expected ${CHUNKS} events, got ${JSON.stringify(answer).slice(0, 200)}`);
    const joined = await join(joiners + path, size);
    if (run < 20) continue;
    ours.push(took);
    theirs.push(joined);
  }
  client.close();
  console.log(`resume of ${CHUNKS} chunks, at the client`);
  console.log(line('  resumable-stream, joined elsewhere', figures(theirs)));
  console.log(line('  Holdfast', figures(ours)));
  console.log(`  Holdfast p99 ${goal(figures(ours).p99, '<=', 25, ' ms')}`);
}

/** One reply whose log has more than CHUNKS events of text: a pause long enough that each token stands alone. */
async function reply(client: Awaited<ReturnType<typeof holdfastClient>>): Promise<void> {
  const ended = new Promise<void>((resolve) => (client.onEnd = resolve));
  await client.send(`tokens=${CHUNKS * 2} pause=4 chars=5`);
  await ended;
}

/** Makes the stream and waits until all tokens are in it; it stays open. Answers its characters so far. */
function begin(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let size = 0;
    get(url, { agent: false }, (response) => {
      response.on('data', (data: Buffer) => {
        size += data.length;
        if (size >= CHUNKS * 'data: xxxx \n\n'.length) resolve(size);
      });
      // At the end the server goes first.
      response.on('error', () => {});
    }).once('error', reject);
  });
}

/** A second reader on the other server: the time until it has what the first one has. */
function join(url: string, size: number): Promise<number> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    let got = 0;
    const request = get(url, { agent: false }, (response) => {
      response.on('error', () => {});
      response.on('data', (data: Buffer) => {
        got += data.length;
        if (got < size) return;
        resolve(performance.now() - began);
        request.destroy();
      });
    }).once('error', reject);
  });
}
