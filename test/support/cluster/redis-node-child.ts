/**
 * A process that owns one session and appends to it without a pause, whatever it is told: `<redis url> <session> <ttl ms>`.
 * Prints `ready <node id>` once, `head <n>` after each append that was accepted, and how each other one was refused.
 */
import { batch, claimed, deltas, joinedNode, seedOf } from '../../contract/samples.ts';
import { openStores } from './redis-harness.ts';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(url: string, sessionId: string, ttlMs: number): Promise<void> {
  const stores = await openStores(url, { NODE_TTL_MS: ttlMs });
  while (!(await stores.settled())) await new Promise((resolve) => setTimeout(resolve, 20));
  const meta = await stores.log.create(seedOf(sessionId));
  const nodeId = await joinedNode(stores);
  const lease = await claimed(stores, sessionId, nodeId);
  say(`ready ${nodeId}`);
  for (let head = 0; ; ) {
    const result = await stores.log.append(batch({ lease, meta }, deltas(1, head + 1, 'old '))).catch((error: { type?: string }) => ({ status: error.type ?? String(error) }));
    if (result.status === 'appended') head += 1;
    say(result.status === 'appended' ? `head ${head}` : result.status);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const [url = '', sessionId = '', ttlMs = ''] = process.argv.slice(2);
void main(url, sessionId, Number(ttlMs));
