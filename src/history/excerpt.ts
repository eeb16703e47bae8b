/** What is shown of a text in which words were found: one line around them, and where in it they stand. Pure. */
import { EXCERPT_LENGTH } from '../protocol/limits.ts';
import type { Range, SearchHit } from '../protocol/wire.ts';
import { wordsIn, type PlacedWord, type Wanted } from '../words.ts';

type Excerpt = SearchHit['excerpt'];

/** Of what stands before the first word shown. */
const LEAD = 40;
/** A text may have the same word ten thousand times; the best line is looked for among so many. */
const LOOKED_AT = 500;

/** The words of a text that a search is for, as they stand in it. */
export function rangesOf(text: string, wanted: Wanted): Range[] {
  return found(text, wanted).map(({ start, end }) => [start, end]);
}

/** The line with the most different words of those asked for, the first of these. */
export function excerptOf(text: string, wanted: Wanted): Excerpt {
  const words = found(text, wanted, LOOKED_AT);
  const first = bestOf(words);
  const from = beginAt(text, Math.max(0, (first?.start ?? 0) - LEAD), first?.start ?? 0);
  const to = endAt(text, Math.max(from + EXCERPT_LENGTH, first?.end ?? 0));
  return oneLine(text, from, to, words.filter(({ start, end }) => start >= from && end <= to));
}

function found(text: string, { whole, beginning }: Wanted, limit = Infinity): PlacedWord[] {
  const words: PlacedWord[] = [];
  for (const placed of wordsIn(text)) {
    if (words.length === limit) break;
    if (placed.word.startsWith(beginning) || whole.includes(placed.word)) words.push(placed);
  }
  return words;
}

function bestOf(words: PlacedWord[]): PlacedWord | undefined {
  let best: PlacedWord | undefined;
  let most = 0;
  for (const [index, first] of words.entries()) {
    const near = words.slice(index, index + EXCERPT_LENGTH).filter(({ end }) => end <= first.start + EXCERPT_LENGTH - LEAD);
    const different = new Set(near.map(({ word }) => word)).size;
    if (different > most) [best, most] = [first, different];
  }
  return best ?? words[0];
}

/** At the beginning of a word where there is one, and in no case inside a character. */
function beginAt(text: string, at: number, atMost: number): number {
  if (at === 0) return 0;
  const space = text.slice(at, atMost).search(/\s\S/);
  if (space >= 0) return at + space + 1;
  return isTail(text, at) ? at + 1 : at;
}

function endAt(text: string, at: number): number {
  if (at >= text.length) return text.length;
  return isTail(text, at) ? at + 1 : at;
}

function isTail(text: string, at: number): boolean {
  return /[\udc00-\udfff]/.test(text.charAt(at)) && /[\ud800-\udbff]/.test(text.charAt(at - 1));
}

/** Markdown's headings, bold and code, which say nothing in a line of plain text. */
function withoutMarks(piece: string, atLineStart: boolean): string {
  const plain = piece.replace(/\*\*|`+|(?<=\n)#{1,6} /g, '');
  return atLineStart ? plain.replace(/^#{1,6} /, '') : plain;
}

/** Any white space is one space, so places move: the text is put together anew, piece by piece. */
function oneLine(text: string, from: number, to: number, words: PlacedWord[]): Excerpt {
  const ranges: Range[] = [];
  let line = from > 0 ? '…' : '';
  let at = from;
  const add = (end: number): void => {
    const piece = withoutMarks(text.slice(at, end), at === 0 || text.charAt(at - 1) === '\n');
    line += piece.replace(/[\s\p{Cc}]+/gu, ' ');
    at = end;
  };
  for (const { start, end } of words) {
    add(start);
    const begins = line.length;
    add(end);
    ranges.push([begins, line.length]);
  }
  add(to);
  return { text: to < text.length ? `${line.trimEnd()}…` : line.trimEnd(), ranges };
}
