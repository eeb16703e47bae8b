/** What the full-text index is fed with and asked. */
import { createHash } from 'node:crypto';

/** The index folds case and accents itself, but for it đ is a letter of its own. */
export function foldForSearch(text: string): string {
  return text.replaceAll('đ', 'd').replaceAll('Đ', 'd').replaceAll('\0', ' ');
}

/** A user as one word of the index. */
export function ownerWord(userId: string): string {
  return createHash('sha256').update(JSON.stringify(userId)).digest('hex').slice(0, 32);
}

/** Every word must be there, the last one may be the beginning of a word. null: the query has no word in it. */
export function matchExpression(userId: string, query: string): string | null {
  const words = foldForSearch(query)
    .split(/\s+/)
    .filter((word) => /[\p{L}\p{N}]/u.test(word))
    .map((word) => `"${word.replaceAll('"', '""')}"`);
  return words.length === 0 ? null : `owner:"${ownerWord(userId)}" AND words:(${words.join(' ')}*)`;
}
