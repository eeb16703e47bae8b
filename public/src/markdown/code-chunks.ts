/**
 * Coloured code that grows, in pieces: what is far enough from its end is coloured once. A piece ends only where no
 * string or comment is open, so the colours are those of the whole.
 */
export interface Coloured {
  html: string;
  /** Nothing (string, comment, embedded language) is open at the end. */
  whole: boolean;
}
export type Colour = (code: string) => Coloured;

/** A piece is settled past this many lines, and past the second whatever is open: colours are not worth a standstill. */
const SETTLE_LINES = 40;
const LONGEST_LINES = 300;

export interface CodeChunks {
  update(code: string): readonly string[];
}

function lines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

function offsetAfterLines(text: string, wanted: number): number {
  let at = 0;
  for (let passed = 0; passed < wanted; passed += 1) at = text.indexOf('\n', at) + 1;
  return at;
}

export function makeCodeChunks(colour: Colour): CodeChunks {
  let settledText = '';
  let settled: readonly string[] = [];

  /** Settles one piece of `tail`; false when there is none. */
  const settleOne = (tail: string): boolean => {
    const available = lines(tail);
    for (let wanted = SETTLE_LINES; wanted < available; wanted += SETTLE_LINES) {
      const piece = tail.slice(0, offsetAfterLines(tail, wanted));
      const { html, whole } = colour(piece);
      if (!whole && wanted < LONGEST_LINES) continue;
      settledText += piece;
      settled = [...settled, html];
      return true;
    }
    return false;
  };
  return {
    update(code) {
      if (!code.startsWith(settledText)) {
        settledText = '';
        settled = [];
      }
      while (settleOne(code.slice(settledText.length)));
      return [...settled, colour(code.slice(settledText.length)).html];
    },
  };
}
