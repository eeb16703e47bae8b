import fc from 'fast-check';
import { splitsPair, WellFormedStream } from '../../../src/ai/well-formed.ts';

const HIGH = '\uD83D';
const LOW = '\uDE80';

function through(pieces: string[]): string[] {
  const stream = new WellFormedStream();
  return [...pieces.map((piece) => stream.push(piece)), stream.end()];
}

test.each([
  ['a pair in one piece', ['a🚀b'], ['a🚀b', '']],
  ['a pair split between two', [`a${HIGH}`, `${LOW}b`], ['a', '🚀b', '']],
  ['a pair split, with an empty piece between', [HIGH, '', LOW], ['', '', '🚀', '']],
  ['a high half at the very end', [`a${HIGH}`], ['a', '\uFFFD']],
  ['a high half before another character', [HIGH, 'b'], ['', '\uFFFDb', '']],
  ['a low half alone', [`a${LOW}`, LOW], ['a\uFFFD', '\uFFFD', '']],
  ['two high halves and a low one', [`${HIGH}${HIGH}${LOW}`], ['\uFFFD🚀', '']],
])('P3 %s', (_name, pieces, expected) => {
  expect(through(pieces)).toEqual(expected);
});

test('P3 however a text is split, every piece is well-formed and the whole is the text, halves alone replaced', () => {
  const unit = fc.oneof(fc.constantFrom('a', 'đ', HIGH, LOW, '🚀'), fc.string({ unit: 'binary', maxLength: 3 }));
  fc.assert(
    fc.property(fc.array(fc.array(unit, { maxLength: 4 }).map((units) => units.join('')), { maxLength: 12 }), (pieces) => {
      const out = through(pieces);
      expect(out.every((piece) => piece.isWellFormed())).toBe(true);
      expect(out.join('')).toBe(pieces.join('').toWellFormed());
    }),
    { numRuns: 500 },
  );
});

test('a place between the halves of a pair is found', () => {
  expect([0, 1, 2, 3, 4].map((offset) => splitsPair('a🚀b', offset))).toEqual([false, false, true, false, false]);
});
