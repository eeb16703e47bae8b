/**
 * A process that opens embedded stores. `hold <dir>`: prints `open` and waits. `append <dir> <session>`: appends batches
 * of three for ever and prints the head after each that was acknowledged. `try <dir>…`: one line of JSON for each folder,
 * its error or null, then ends. `race <dir> <start> <rounds>`: every 450 ms from `start` (epoch ms) on, to the millisecond,
 * opens a new folder and keeps it; prints `won` or its error, and waits after the last. `brief <dir>`: opens it, prints
 * `open`, closes it 300 ms later and ends.
 */
import { join } from 'node:path';
import { openEmbedded } from '../../src/backends/embedded/embedded-backends.ts';
import { batch, claimed, deltas, joinedNode, seedOf } from '../contract/samples.ts';
import { embeddedSettings } from './embedded-folder.ts';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function tryAll(folders: string[]): Promise<void> {
  for (const folder of folders) {
    try {
      await openEmbedded(embeddedSettings(folder)).close();
      say('null');
    } catch (error) {
      say(JSON.stringify({ name: (error as Error).name, message: (error as Error).message }));
    }
  }
}

async function hold(folder: string): Promise<void> {
  const backends = openEmbedded(embeddedSettings(folder));
  say('open');
  setInterval(() => void backends.health(), 1_000);
}

async function brief(folder: string): Promise<void> {
  const backends = openEmbedded(embeddedSettings(folder));
  say('open');
  setTimeout(() => void backends.close(), 300);
}

async function race(folder: string, start: number, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const at = start + round * 450;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, at - Date.now() - 5)));
    while (Date.now() < at);
    try {
      openEmbedded(embeddedSettings(join(folder, String(round))));
      say('won');
    } catch (error) {
      say((error as Error).message);
    }
  }
  setInterval(() => {}, 1_000);
}

async function append(folder: string, sessionId: string): Promise<void> {
  const stores = openEmbedded(embeddedSettings(folder));
  const meta = await stores.log.create(seedOf(sessionId));
  const lease = await claimed(stores, sessionId, await joinedNode(stores));
  for (let head = meta.head; ; head += 3) {
    const done = await stores.log.append(batch({ lease, meta }, deltas(3, head + 1)));
    if (done.status !== 'appended') throw new Error(done.status);
    say(String(head + 3));
  }
}

const [mode, ...args] = process.argv.slice(2);
const modes: Record<string, () => Promise<void>> = {
  try: () => tryAll(args),
  hold: () => hold(String(args[0])),
  brief: () => brief(String(args[0])),
  race: () => race(String(args[0]), Number(args[1]), Number(args[2])),
  append: () => append(String(args[0]), String(args[1])),
};
void modes[String(mode)]?.();
