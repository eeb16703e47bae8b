import fc from 'fast-check';
import { excerptOf, rangesOf } from '../../../src/history/excerpt.ts';
import { EXCERPT_LENGTH } from '../../../src/protocol/limits.ts';
import { wantedWords } from '../../../src/words.ts';

const excerpt = (text: string, query: string) => excerptOf(text, wantedWords(query)!);
/** The text with brackets around what was found. */
function marked(text: string, query: string): string {
  const { text: line, ranges } = excerpt(text, query);
  return [...ranges].reverse().reduce((now, [from, to]) => `${now.slice(0, from)}[${now.slice(from, to)}]${now.slice(to)}`, line);
}

test('H42 an excerpt is one line around the words, with their places', () => {
  expect(marked('Uống trà\n\n  ở Đà Lạt', 'tra da')).toBe('Uống [trà] ở [Đà] Lạt');
  expect(marked('Hot tea', 'te')).toBe('Hot [tea]');
  const long = `${'lời nói đầu dài '.repeat(40)}rồi mới đến Nguyễn, ${'và còn nữa '.repeat(40)}`;
  expect(marked(long, 'nguyen')).toMatch(/^…\S.* rồi mới đến \[Nguyễn\], và còn nữa .*…$/);
});

test('H42 it shows the line with the most of the words', () => {
  const text = `tea ${'x '.repeat(200)} green things ${'x '.repeat(200)} green tea for two`;
  expect(marked(text, 'green tea')).toContain('[green] [tea] for two');
});

test('H42 marks of Markdown are left out, and nothing else is', () => {
  expect(marked('## Trà **xanh**\n# `Đà` Lạt, C# and snake_case, 2*3', 'da xanh')).toBe('Trà [xanh] [Đà] Lạt, C# and snake_case, 2*3');
});

test('H42 nothing of a text is markup, and no character is cut', () => {
  expect(marked('<b>tea</b> & "milk"', 'tea')).toBe('<b>[tea]</b> & "milk"');
  for (const shift of [0, 1]) {
    const { text } = excerpt(`${'y'.repeat(shift)}${'😀'.repeat(60)} tea ${'😀'.repeat(200)}`, 'tea');
    expect(text.isWellFormed()).toBe(true);
  }
});

test('H42 whatever the text, an excerpt is short and its places are in it', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 600 }), fc.string({ unit: 'grapheme', maxLength: 8 }), (text, query) => {
    const wanted = wantedWords(query);
    if (!wanted) return;
    const { text: line, ranges } = excerptOf(text, wanted);
    expect(line).not.toMatch(/[\n\r\t]/);
    let end = 0;
    for (const [from, to] of ranges) {
      expect(from).toBeGreaterThanOrEqual(end);
      expect(to).toBeGreaterThan(from);
      end = to;
    }
    expect(line.length).toBeGreaterThanOrEqual(end);
    expect(line.length).toBeLessThanOrEqual(Math.max(EXCERPT_LENGTH, ...ranges.map(([, to]) => to)) + 3);
  }), { numRuns: 1_000 });
});

test('H42 a title is not cut', () => {
  expect(rangesOf(`${'very '.repeat(30)}tea`, wantedWords('tea')!)).toEqual([[150, 153]]);
});

test('H42 of a text of a million characters the excerpt takes a moment', () => {
  const text = 'đường trà '.repeat(100_000);
  const began = performance.now();
  expect(excerpt(text, 'tra duong').ranges.length).toBeGreaterThan(2);
  expect(performance.now() - began).toBeLessThan(2_000);
});
