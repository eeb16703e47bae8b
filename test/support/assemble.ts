import type { RunChunk } from '../../src/protocol/broker.ts';

/** Puts a run's text together as an owner does: overlap is cut off, what lies behind a hole is not taken. */
export function assemble(chunks: RunChunk[], base = 0): string {
  let text = '';
  for (const chunk of chunks) {
    const known = base + text.length - chunk.offset;
    if (known >= 0 && known < chunk.text.length) text += chunk.text.slice(known);
  }
  return text;
}
