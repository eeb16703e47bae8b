/** What a session is called until somebody names it. */
import { MAX_TITLE_LENGTH } from '../protocol/limits.ts';

/** The first line of the first message, cut at a word. */
export function titleFrom(content: string): string {
  const lines = content.split('\n').map((text) => text.replace(/\s+/g, ' ').trim()).filter((text) => text !== '');
  // A fence says nothing about what stands in it.
  const line = lines.find((text) => !/^(```|~~~)/.test(text)) ?? lines[0] ?? '';
  const longest = Math.min(60, MAX_TITLE_LENGTH);
  if (line.length <= longest) return line;
  const cut = line.slice(0, longest).toWellFormed();
  const space = cut.lastIndexOf(' ');
  return `${(space > longest / 2 ? cut.slice(0, space) : cut).replace(/\uFFFD$/, '')}…`;
}
