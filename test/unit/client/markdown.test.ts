import fc from 'fast-check';
import hljs from 'highlight.js';
import { makeBlockRenderer, type Block } from '../../../public/src/markdown/blocks.ts';
import { closeBlock, withoutHalfMark } from '../../../public/src/markdown/closing.ts';
import { makeCodeChunks } from '../../../public/src/markdown/code-chunks.ts';
import { colourer, escapeHtml } from '../../../public/src/markdown/highlight.ts';
import { makeMarkdown } from '../../../public/src/markdown/render.ts';
import { spoken } from '../../../public/src/markdown/spoken.ts';
import { splitThinking } from '../../../public/src/markdown/thinking.ts';

const markdown = makeMarkdown({ copyCode: 'Copy', image: (alt) => `Image: ${alt}`, colour: escapeHtml });
const renderer = () => makeBlockRenderer(markdown, (html) => html);

/** The HTML of a block as MarkdownBlock.vue draws it. */
function htmlOf(block: Block): string {
  switch (block.kind) {
    case 'html':
      return block.html;
    case 'code':
      return markdown.renderer.rules.fence!([{ content: block.code, info: block.language } as never], 0, markdown.options, {}, markdown.renderer);
    case 'list': {
      const start = block.ordered && block.start !== 1 ? ` start="${block.start}"` : '';
      const tag = block.ordered ? 'ol' : 'ul';
      return `<${tag}${start}>${block.items.map((item) => `<li>${item}</li>`).join('')}</${tag}>`;
    }
    case 'table':
      return `<table><thead><tr>${block.head}</tr></thead><tbody>${block.rows.map((row) => `<tr>${row}</tr>`).join('')}</tbody></table>`;
  }
}
const flat = (html: string): string => html.replaceAll('\n', '');
const drawn = (blocks: readonly Block[]): string => flat(blocks.map(htmlOf).join(''));
const whole = (text: string): string => drawn(renderer().update(text, false));

const SAMPLE = `# Title

A paragraph with **bold** and \`code\` and $e^{i\\pi}$.

- one
- two

  still two

3. third
4. fourth

| a | b |
|:--|--:|
| 1 | 2 |

\`\`\`ts
const a = 1;

const b = 2;
\`\`\`

$$
x = \\frac{1}{2}
$$

> quoted

The end with a [link][later].

[later]: https://example.com/later
`;

it('U11 blocks of a whole text are its Markdown, nothing more and nothing less', () => {
  expect(whole(SAMPLE)).toBe(flat(markdown.render(SAMPLE)));
});

it('U11 a text that grows in any pieces ends as the whole text', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 }), (sizes) => {
      const growing = renderer();
      let shown = 0;
      for (const size of sizes) growing.update(SAMPLE.slice(0, (shown += size)), true);
      expect(drawn(growing.update(SAMPLE, false))).toBe(flat(markdown.render(SAMPLE)));
    }),
  );
});

it('U11 what is finished stays the same object while the text grows', () => {
  const growing = renderer();
  let before: readonly Block[] = [];
  for (let length = 1; length <= SAMPLE.length; length += 1) {
    const blocks = growing.update(SAMPLE.slice(0, length), true);
    const finished = before.slice(0, -1).filter((_block, index) => index < blocks.length - 1);
    finished.forEach((block, index) => expect(blocks[index]).toBe(block));
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
  expect(new Set(parse.mock.calls.map(([text]) => text.trim()))).toEqual(new Set(['Paragraph 299. And', 'Paragraph 299. And more.']));
  parse.mockRestore();
});

it('U11 of a long list or table only the last item is cleaned again', () => {
  for (const [head, item] of [['', (i: number) => `- item ${i}\n`], ['| a |\n|---|\n', (i: number) => `| row ${i} |\n`]] as const) {
    const sanitize = jest.fn((html: string) => html);
    const growing = makeBlockRenderer(markdown, sanitize);
    let text = head + Array.from({ length: 200 }, (_, i) => item(i)).join('');
    growing.update(text, true);
    sanitize.mockClear();
    text += item(200);
    growing.update(text, true);
    expect(sanitize.mock.calls.length).toBeLessThanOrEqual(2);
  }
});

it('U11 a long list is the same list in parts, while it grows and as a whole', () => {
  const text = Array.from({ length: 130 }, (_, i) => `${i + 5}. item ${i}\n`).join('');
  const growing = renderer();
  for (let length = 0; length < text.length; length += 7) growing.update(text.slice(0, length), true);
  const grown = growing.update(text, true);
  expect(grown).toMatchObject([5, 45, 85, 125].map((start, part) => ({ kind: 'list', start, continued: part > 0 })));
  expect(grown).toEqual(renderer().update(text, false));
  const parse = jest.spyOn(markdown, 'parse');
  growing.update(`${text}135. more\n`, true);
  for (const [source] of parse.mock.calls) expect(source.length).toBeLessThan(text.length / 2);
  parse.mockRestore();
});

it('U11 a text that starts over is shown anew', () => {
  const growing = renderer();
  growing.update('One.\n\nTwo.\n\nThree', true);
  expect(growing.update('Other', true)).toEqual([{ kind: 'html', html: '<p>Other</p>\n', heading: false }]);
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

describe('U61 what is half written is shown as what it becomes', () => {
  it.each([
    ['Some **bold te', '<p>Some <strong>bold te</strong></p>'],
    ['Some *slanted te', '<p>Some <em>slanted te</em></p>'],
    ['Call `make', '<p>Call <code dir="ltr">make</code></p>'],
    ['See [the doc', '<p>See the doc</p>'],
    ['See [the docs](https://exam', '<p>See the docs</p>'],
    ['Respect `', '<p>Respect</p>'],
    ['- one\n- **', '<ul><li>one</li></ul>'],
    ['- one\n- **two', '<ul><li>one</li><li><strong>two</strong></li></ul>'],
    ['| a | b', '<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody></tbody></table>'],
    ['| a | b |\n|--', '<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody></tbody></table>'],
    ['| a | b |\n|---|---|\n| 1 | **2', '<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td><strong>2</strong></td></tr></tbody></table>'],
    ['So \\(x + ', '<p>So</p>'],
    ['So $x^2 + ', '<p>So</p>'],
    ['It costs $5 and', '<p>It costs $5 and</p>'],
    ['$$\nx = \\frac{1', '<div class="math display open" dir="ltr">x = \\frac{1</div>'],
    ['A stray * star\n\n**New** paragraph', '<p>A stray * star</p><p><strong>New</strong> paragraph</p>'],
  ])('%j', (text, shown) => {
    expect(drawn(renderer().update(text, true))).toBe(shown);
  });

  it('code is code from its first line on, whatever stands in it', () => {
    const blocks = renderer().update('```py\nprint("**not bold', true);
    expect(blocks).toEqual([{ kind: 'code', language: 'py', code: 'print("**not bold' }]);
  });

  it('half of the end of code is no code', () => {
    for (const end of ['', '\n', '\n`', '\n``']) expect(renderer().update(`\`\`\`\nlet a = 1;${end}`, true)).toMatchObject([{ kind: 'code', code: expect.stringMatching(/^let a = 1;\n?$/) }]);
    expect(renderer().update('````md\n```\ninner\n```\n', true)).toMatchObject([{ kind: 'code', code: '```\ninner\n```\n' }]);
    expect(renderer().update('```\ncode\n```\nText', true)).toMatchObject([{ kind: 'code', code: 'code\n' }, { kind: 'html' }]);
  });

  it('closing a finished block changes nothing', () => {
    for (const text of ['Plain text.', '**bold** and `code`', '- a\n- b', '| a |\n|---|\n| 1 |', 'A [link](https://example.com).', '2 * 3 = 6']) {
      expect(drawn(renderer().update(closeBlock(text), false))).toBe(drawn(renderer().update(text, false)));
    }
  });
});

describe('U62 formulas', () => {
  it.each([
    ['Euler: $e^{i\\pi} = -1$.', '<p>Euler: <span class="math " dir="ltr">e^{i\\pi} = -1</span>.</p>'],
    ['So \\(a_1 < b\\) holds', '<p>So <span class="math " dir="ltr">a_1 &lt; b</span> holds</p>'],
    ['\\[\nx^2\n\\]', '<div class="math display" dir="ltr">x^2</div>'],
    ['$$ x^2 $$', '<div class="math display" dir="ltr">x^2</div>'],
    ['Text before\n$$\nx\n$$\nand after', '<p>Text before</p><div class="math display" dir="ltr">x</div><p>and after</p>'],
    ['From $5 to $10, that is $5 more', '<p>From $5 to $10, that is $5 more</p>'],
    ['It is $5-$6 or $7/$8', '<p>It is $5-$6 or $7/$8</p>'],
    ['`$x$` is code', '<p><code dir="ltr">$x$</code> is code</p>'],
  ])('%j', (text, shown) => {
    expect(whole(text)).toBe(shown);
  });
});

describe('U63 colours', () => {
  const colour = (code: string) => {
    const result = hljs.highlight(code, { language: 'typescript' });
    return { html: result.value, whole: (result as { _top?: { parent?: unknown } })._top?.parent === undefined };
  };
  const text = (html: string): string => html.replaceAll(/<[^>]+>/g, '');
  const code = Array.from({ length: 150 }, (_, i) => (i % 30 === 10 ? `/* a comment ${i}` : i % 30 === 20 ? 'its end */' : `const value${i} = "text" + ${i};`)).join('\n');

  it('U63 of code in pieces are those of the whole, and settled pieces are not coloured again', () => {
    const seen: string[] = [];
    const growing = makeCodeChunks((piece) => {
      seen.push(piece);
      return colour(piece);
    });
    let before: readonly string[] = [];
    for (let length = 0; length <= code.length; length += 37) {
      const chunks = growing.update(code.slice(0, length));
      expect(chunks.slice(0, before.length - 1)).toEqual(before.slice(0, -1));
      before = chunks;
    }
    seen.length = 0;
    const chunks = growing.update(code);
    expect(chunks.length).toBeGreaterThan(2);
    expect(chunks.join('')).toBe(colour(code).html);
    expect(Math.max(...seen.map((piece) => piece.split('\n').length))).toBeLessThan(90);
  });

  it('U63 never let code become markup', () => {
    const hostile = '<img src=x onerror="alert(1)"> </code><script>alert(1)</script> & "quoted"';
    for (const language of ['typescript', 'xml', 'markdown', 'bash', 'json']) {
      const { value } = hljs.highlight(hostile, { language, ignoreIllegals: true });
      expect(value.replaceAll(/<\/?span(?: class="[\w -]+")?>/g, '')).not.toMatch(/[<>]/);
      expect(text(value)).not.toContain('<');
    }
    // Of no language that is known, or not loaded yet.
    for (const language of ['nolang', 'typescript']) expect(colourer(language)(hostile).html).toBe(escapeHtml(hostile));
    expect(escapeHtml(hostile)).not.toMatch(/[<>]/);
  });
});

it.each([
  ['<think>Let me see', true, { thinking: 'Let me see', thinkingOpen: true, answer: '' }],
  ['<think>Let me see</thi', true, { thinking: 'Let me see', thinkingOpen: true, answer: '' }],
  ['<think>Let me see</think>\n\nForty-two.', true, { thinking: 'Let me see', thinkingOpen: false, answer: 'Forty-two.' }],
  ['<think>\n\n</think>\nForty-two.', false, { thinking: null, thinkingOpen: false, answer: 'Forty-two.' }],
  ['<thi', true, { thinking: null, thinkingOpen: false, answer: '' }],
  ['<thi', false, { thinking: null, thinkingOpen: false, answer: '<thi' }],
  ['Use <think> tags', true, { thinking: null, thinkingOpen: false, answer: 'Use <think> tags' }],
  ['<think>cut off', false, { thinking: 'cut off', thinkingOpen: false, answer: '' }],
])('U64 reasoning at the beginning of a reply stands apart: %j', (text, open, parts) => {
  expect(splitThinking(text, open)).toEqual(parts);
});

it('U22 what is said of a reply has neither reasoning nor marks, and ends with a word', () => {
  expect(spoken('<think>Hm.</think># Title\n\nSome **bold**, `code` and [a link](https://example.com).\n\n```ts\nlet a = 1;\n```', 100)).toBe('Title Some bold, code and a link. let a = 1;');
  expect(spoken('one two three four', 10)).toBe('one two …');
});

describe('U12 the text of a reply never becomes markup of the page', () => {
  it.each([
    ['<script>alert(1)</script>', /&lt;script&gt;/],
    ['<img src=x onerror=alert(1)>', /&lt;img/],
    ['`<b>`', /&lt;b&gt;/],
    ['```"><img src=x>\n<b>\n```', /&lt;b&gt;/],
    ['$<img src=x>$', /&lt;img/],
  ])('%s stays text', (text, shown) => {
    expect(whole(text)).toMatch(shown);
    expect(whole(text)).not.toMatch(/<(script|img|b)\b/);
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', 'data:image/svg+xml;base64,AA', 'vbscript:x', 'file:///etc/passwd', '/s/other', 'JaVaScRiPt:x'])('a link to %s is none', (url) => {
    expect(whole(`[text](${url}) ![image](${url}) <${url}>`)).not.toMatch(/href|src=/);
  });

  it('a link to the web opens apart, and an image from the web is a link too', () => {
    expect(whole('[text](https://example.com)')).toContain('<a href="https://example.com" target="_blank" rel="noopener noreferrer">');
    const image = whole('![a "cat"](https://example.com/cat.png)');
    expect(image).not.toContain('<img');
    expect(image).toContain('href="https://example.com/cat.png"');
    expect(image).toContain('Image: a &quot;cat&quot;');
  });

  it('a picture within the text is shown, and is nothing to go to', () => {
    expect(whole('![dot](data:image/png;base64,AAAA)')).toContain('<img src="data:image/png;base64,AAAA" alt="dot" loading="lazy">');
    expect(whole('[dot](data:image/png;base64,AAAA)')).not.toContain('href');
  });
});
