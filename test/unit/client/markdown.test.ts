import fc from 'fast-check';
import { makeBlockRenderer, withoutHalfMark } from '../../../public/src/markdown/blocks.ts';
import { makeMarkdown } from '../../../public/src/markdown/render.ts';

const markdown = makeMarkdown({ copyCode: 'Copy', image: (alt) => `Image: ${alt}` });
const renderer = () => makeBlockRenderer(markdown, (html) => html);
const whole = (text: string): string => renderer().update(text, false).join('');

const SAMPLE = `# Title

A paragraph with **bold** and \`code\`.

- one
- two

  still two

1. first

| a | b |
|:--|--:|
| 1 | 2 |

\`\`\`ts
const a = 1;

const b = 2;
\`\`\`

> quoted

The end with a [link][later].

[later]: https://example.com/later
`;

it('U11 blocks of a whole text are its Markdown, nothing more and nothing less', () => {
  expect(whole(SAMPLE)).toBe(markdown.render(SAMPLE));
});

it('U11 a text that grows in any pieces ends as the whole text', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 }), (sizes) => {
      const growing = renderer();
      let shown = 0;
      for (const size of sizes) growing.update(SAMPLE.slice(0, (shown += size)), true);
      expect(growing.update(SAMPLE, false).join('')).toBe(markdown.render(SAMPLE));
    }),
  );
});

it('U11 what is finished stays the same while the text grows', () => {
  const growing = renderer();
  let before: readonly string[] = [];
  for (let length = 1; length <= SAMPLE.length; length += 1) {
    const blocks = growing.update(SAMPLE.slice(0, length), true);
    const finished = before.slice(0, -1).filter((_html, index) => index < blocks.length - 1);
    expect(blocks.slice(0, finished.length)).toEqual(finished);
    before = blocks;
  }
  expect(before.length).toBeGreaterThan(7);
});

it('U11 only the last block is parsed again', () => {
  const growing = renderer();
  const paragraphs = Array.from({ length: 300 }, (_, i) => `Paragraph ${i}.`).join('\n\n');
  growing.update(paragraphs, true);
  const parse = jest.spyOn(markdown, 'parse');
  growing.update(`${paragraphs} And`, true);
  growing.update(`${paragraphs} And more.`, true);
  expect(parse.mock.calls.map(([text]) => text.trim())).toEqual(['Paragraph 299. And', 'Paragraph 299. And more.']);
  parse.mockRestore();
});

it('U11 a text that starts over is shown anew', () => {
  const growing = renderer();
  growing.update('One.\n\nTwo.\n\nThree', true);
  expect(growing.update('Other', true)).toEqual(['<p>Other</p>\n']);
});

it.each([
  ['Text\n-', 'Text'],
  ['Text\n##', 'Text'],
  ['Text\n\n12.', 'Text\n'],
  ['Text\n``', 'Text'],
  ['Text\n| a |', 'Text\n| a |'],
  ['42', '42'],
  ['Text\n', 'Text\n'],
  ['It is - ', 'It is - '],
])('U11 half a mark at the end is not shown yet: %j', (text, shown) => {
  expect(withoutHalfMark(text)).toBe(shown);
});

describe('U12 the text of a reply never becomes markup of the page', () => {
  it.each([
    ['<script>alert(1)</script>', /&lt;script&gt;/],
    ['<img src=x onerror=alert(1)>', /&lt;img/],
    ['`<b>`', /&lt;b&gt;/],
    ['```"><img src=x>\n<b>\n```', /&lt;b&gt;/],
  ])('%s stays text', (text, shown) => {
    expect(whole(text)).toMatch(shown);
    expect(whole(text)).not.toMatch(/<(script|img|b)\b/);
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', 'vbscript:x', 'file:///etc/passwd', '/s/other', 'JaVaScRiPt:x'])('a link to %s is none', (url) => {
    expect(whole(`[text](${url}) ![image](${url}) <${url}>`)).not.toMatch(/href/);
  });

  it('a link to the web opens apart, and an image is a link too', () => {
    expect(whole('[text](https://example.com)')).toContain('<a href="https://example.com" target="_blank" rel="noopener noreferrer">');
    const image = whole('![a "cat"](https://example.com/cat.png)');
    expect(image).not.toContain('<img');
    expect(image).toContain('href="https://example.com/cat.png"');
    expect(image).toContain('Image: a &quot;cat&quot;');
  });
});
