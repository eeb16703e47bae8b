/**
 * What a text is found by: its words without case and accents. The same folding is used for what is stored, by either
 * store, for what is asked, and for what is shown of a hit.
 */

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

const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu;

function* inOrder(text: string): Generator<string> {
  for (const [word] of fold(text).matchAll(WORD)) yield cut(word);
}

/** A cut through a surrogate pair would be no text. */
function cut(word: string): string {
  return word.slice(0, MAX_WORD).replace(/[\ud800-\udbff]$/, '');
}

/** Accents are the marks that belong to no script of their own; vowel signs of a script are letters and stay. */
function fold(text: string): string {
  const plain = text.normalize('NFKD').toLowerCase().normalize('NFD').replace(/\p{Script=Inherited}/gu, '');
  return plain.replaceAll('đ', 'd').replaceAll('ς', 'σ').normalize('NFC');
}

/** A word where it stands in the text, in UTF-16 units. */
export interface PlacedWord {
  word: string;
  start: number;
  end: number;
}

/** What `fold` may join: a letter with its marks, and Hangul, whose letters make syllables in many forms. */
const PIECES = /[\u1100-\u11ff\u3131-\u318e\u3200-\u321e\u3260-\u327f\ua960-\ua97f\uac00-\ud7ff\uffa0-\uffdc][\u1100-\u11ff\u3131-\u318e\u3200-\u321e\u3260-\u327f\ua960-\ua97f\uac00-\ud7ff\uffa0-\uffdc\p{M}\p{Script=Inherited}]*|\P{Script=Inherited}[\p{M}\p{Script=Inherited}]*|[^]/gu;

/** The words of a text as `wordsOf` has them, each time they stand there, in order. */
export function* wordsIn(text: string): Generator<PlacedWord> {
  const known = new Map<string, string>();
  let folded = '';
  /** For each unit of the folded text, where its piece begins and ends. */
  const starts: number[] = [];
  const ends: number[] = [];
  for (const { 0: piece, index } of text.matchAll(PIECES)) {
    let plain = known.get(piece);
    if (plain === undefined) known.set(piece, (plain = fold(piece)));
    folded += plain;
    for (let i = 0; i < plain.length; i += 1) {
      starts.push(index);
      ends.push(index + piece.length);
    }
  }
  for (const { 0: word, index } of folded.matchAll(WORD)) yield { word: cut(word), start: starts[index] ?? 0, end: ends[index + word.length - 1] ?? 0 };
}
