/** What history is searched by. */
import fc from 'fast-check';
import { wantedWords, wordsIn, wordsOf } from '../../src/words.ts';

test('S70 words are letters and digits without case and accents, each once, also of half characters', () => {
  expect(wordsOf('Đường ĐI, e-mail e\u0301té ÉTÉ\u0000x \ud800y ﬁn 2024! 😀')).toEqual(['duong', 'di', 'e', 'mail', 'ete', 'x', 'y', 'fin', '2024']);
});

test('S70 vowel signs of a script are letters of it', () => {
  expect(wordsOf('हिन्दी हनद')).toHaveLength(2);
});

test('S70 however long a text is, its words are bounded, and a long word is known by its beginning', () => {
  const many = wordsOf(Array.from({ length: 20_000 }, (_, i) => `w${i}`).join(' '));
  expect(many).toHaveLength(5_000);
  expect(many[0]).toBe('w0');
  const [long] = wordsOf('a'.repeat(1_000_000));
  expect(long).toHaveLength(64);
  expect(wantedWords('a'.repeat(70))).toEqual({ whole: [], beginning: long });
  const [cut] = wordsOf(`a${'\u{10400}'.repeat(40)}`);
  expect(cut?.isWellFormed()).toBe(true);
});

test('S70 of a query the last word may be unfinished; without a word it is null', () => {
  expect(wantedWords('Xin Chà ?')).toEqual({ whole: ['xin'], beginning: 'cha' });
  expect(wantedWords('xin xin')).toEqual({ whole: ['xin'], beginning: 'xin' });
  expect(wantedWords('.* ^ "')).toBeNull();
});

test('H40 words are found where they stand, in whatever form they were typed', () => {
  const text = 'Đi Đa\u0300 Na\u0306\u0303ng, ﬁn e\u0301té: \u1112\u1161\u11ab ΟΔΟΣ';
  const placed = [...wordsIn(text)];
  expect(placed.map(({ word }) => word)).toEqual(['di', 'da', 'nang', 'fin', 'ete', '한', 'οδοσ']);
  expect(placed.map(({ start, end }) => text.slice(start, end))).toEqual(['Đi', 'Đa\u0300', 'Na\u0306\u0303ng', 'ﬁn', 'e\u0301té', '\u1112\u1161\u11ab', 'ΟΔΟΣ']);
});

test('H40 the words that are placed are the words that are stored', () => {
  const texts = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme-composite' }), fc.string({ unit: fc.constantFrom(...'azđĐâưỆỹΣς ,-', '\u0300', '\u0323', '\u1112', '\u1161', '\u11ab', '하', 'ㅎ', 'ㅏ', 'ﾡ', '㉠', 'க', '\u0bc6', '\u0bbe', '\u200d') }));
  fc.assert(fc.property(texts, (text) => {
    expect([...new Set([...wordsIn(text)].map(({ word }) => word))]).toEqual(wordsOf(text));
    for (const { start, end } of wordsIn(text)) expect(end).toBeGreaterThan(start);
  }), { numRuns: 3_000 });
});
