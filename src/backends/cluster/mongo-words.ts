/** What a text is found by: its words without case and accents. The same folding is used for what is stored and what is asked. */

/** Past these a word is known by its beginning, and a text by its first words; both bound the index. */
const MAX_WORD = 64;
const MAX_WORDS = 5_000;

/** Each different word once. */
export function wordsOf(text: string): string[] {
  const words = new Set<string>();
  for (const word of inOrder(text)) {
    words.add(word);
    if (words.size === MAX_WORDS) break;
  }
  return [...words];
}

export interface Wanted {
  whole: string[];
  /** The beginning of a word: the last one of the query may not be typed to its end. */
  beginning: string;
}

/** null: the query has no word in it. */
export function wantedWords(query: string): Wanted | null {
  const words = [...inOrder(query)];
  const beginning = words.at(-1);
  return beginning === undefined ? null : { whole: words.slice(0, -1), beginning };
}

/** A cut through a surrogate pair would be no text. */
function* inOrder(text: string): Generator<string> {
  for (const [word] of fold(text).matchAll(/[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu)) yield word.slice(0, MAX_WORD).replace(/[\ud800-\udbff]$/, '');
}

/** Accents are the marks that belong to no script of their own; vowel signs of a script are letters and stay. */
function fold(text: string): string {
  return text.normalize('NFKD').toLowerCase().normalize('NFD').replace(/\p{Script=Inherited}/gu, '').replaceAll('đ', 'd').normalize('NFC');
}
