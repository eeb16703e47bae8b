/**
 * A text that grows, as a list of rendered blocks (paragraphs, lists, code …). Only the last block can still change,
 * so only what begins with it is parsed again; the HTML of finished blocks stays the same string.
 */
import type { MarkdownIt } from 'markdown-it';

export interface BlockRenderer {
  /** HTML of each block of the text. `open`: more of it may come. */
  update(text: string, open: boolean): readonly string[];
}

/**
 * A last line that is only the beginning of some mark (`-`, `##`, `1.`, two backticks) would flash as something else
 * before it is whole.
 */
const HALF_A_MARK = /(?:^|\n)[ \t]*(?:[-=*+_#>|`~: \t]+|\d{1,9}[.)])$/;

export function withoutHalfMark(text: string): string {
  const half = HALF_A_MARK.exec(text.slice(-40));
  return half === null || half[0].trim() === '' ? text : text.slice(0, text.length - half[0].length);
}

export function makeBlockRenderer(markdown: MarkdownIt, sanitize: (html: string) => string): BlockRenderer {
  let settledText = '';
  let settled: string[] = [];

  const render = (text: string): { start: number; html: string }[] => {
    const env = {};
    const tokens = markdown.parse(text, env);
    const starts = tokens.flatMap((token, index) => (token.level === 0 && token.nesting >= 0 ? [index] : []));
    return starts.map((from, place) => ({
      start: tokens[from]?.map?.[0] ?? 0,
      html: sanitize(markdown.renderer.render(tokens.slice(from, starts[place + 1]), markdown.options, env)),
    }));
  };
  const reset = (): void => {
    settledText = '';
    settled = [];
  };

  return {
    update(text, open) {
      if (!open || !text.startsWith(settledText)) reset();
      // Whole, it is parsed in one go: a link may be defined at the very end.
      if (!open) return render(text).map(({ html }) => html);
      const tail = withoutHalfMark(text.slice(settledText.length));
      const blocks = render(tail);
      const last = blocks.at(-1);
      if (last !== undefined && blocks.length > 1) {
        settledText += tail.slice(0, offsetOfLine(tail, last.start));
        settled = [...settled, ...blocks.slice(0, -1).map(({ html }) => html)];
      }
      return last === undefined ? settled : [...settled, last.html];
    },
  };
}

function offsetOfLine(text: string, line: number): number {
  let offset = 0;
  for (let passed = 0; passed < line; passed += 1) {
    const end = text.indexOf('\n', offset);
    if (end === -1) return text.length;
    offset = end + 1;
  }
  return offset;
}
