/** What is sent to a Redis within one turn leaves in one write: a system call costs more than a command. */
import type { Writable } from 'node:stream';

/** To be called before a command is sent. What is sent until the promises of this turn have all run goes together. */
export function gatherWrites(client: { readonly stream?: Writable }): void {
  const { stream } = client;
  if (!stream || stream.destroyed || stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(() => stream.uncork());
}
