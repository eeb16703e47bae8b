/** What the full-text index is fed with and asked. It splits at spaces; what a word is, `src/words.ts` says. */
import { createHash } from 'node:crypto';
import { wantedWords, wordsOf } from '../../words.ts';

/** A text as the index keeps it. */
export function indexed(text: string): string {
  return wordsOf(text).join(' ');
}

/** A user as one word of the index. */
export function ownerWord(userId: string): string {
  return createHash('sha256').update(JSON.stringify(userId)).digest('hex').slice(0, 32);
}

/** Every word must be there, the last one may be the beginning of a word. null: the query has no word in it. */
export function matchExpression(userId: string, query: string): string | null {
  const wanted = wantedWords(query);
  if (!wanted) return null;
  const words = [...wanted.whole.map((word) => `"${word}"`), `"${wanted.beginning}"*`];
  return `owner:"${ownerWord(userId)}" AND words:(${words.join(' AND ')})`;
}
