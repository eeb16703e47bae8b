import type { Range } from '../../../src/protocol/wire.ts';

export interface FoundPart {
  text: string;
  /** One of the words that were looked for. */
  found: boolean;
}

/** A text cut where what was found begins and ends. Ranges that do not fit the text are left out. */
export function partsOf(text: string, ranges: readonly Range[]): FoundPart[] {
  const parts: FoundPart[] = [];
  let at = 0;
  for (const [from, to] of ranges) {
    if (from < at || to <= from || to > text.length) continue;
    if (from > at) parts.push({ text: text.slice(at, from), found: false });
    parts.push({ text: text.slice(from, to), found: true });
    at = to;
  }
  return at < text.length ? [...parts, { text: text.slice(at), found: false }] : parts;
}
