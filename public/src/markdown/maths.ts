/**
 * Finds formulas: `\(…\)` and `$…$` in a line, `\[…\]` and `$$…$$` as blocks. They become elements with the class
 * `math` whose text is the source; katex.ts draws them where they stand.
 */
import type { MarkdownIt, StateBlock, StateInline } from 'markdown-it';

/** `$` counts only tight around its formula and not before a digit: "$5 and $6" is money. */
const DOLLARS = /\$(?![\s$])((?:[^$\\\n]|\\[^\n])*?[^\s\\])\$(?!\d)/y;
const PARENTHESES = /\\\(([^\n]+?)\\\)/y;
const INLINE_BLOCKS = /\\\[([^]+?)\\\]|\$\$([^$\n]+?)\$\$/y;

const inline = (state: StateInline, silent: boolean): boolean => {
  const tries = [PARENTHESES, DOLLARS, INLINE_BLOCKS];
  for (const pattern of tries) {
    pattern.lastIndex = state.pos;
    const found = pattern.exec(state.src);
    if (found === null) continue;
    if (!silent) state.push('math', 'span', 0).content = (found[1] ?? found[2] ?? '').trim();
    const token = state.tokens.at(-1);
    if (!silent && token !== undefined && pattern === INLINE_BLOCKS) token.info = 'display';
    state.pos += found[0].length;
    return true;
  }
  return false;
};

const ENDS: Record<string, string> = { '$$': '$$', '\\[': '\\]' };

const block = (state: StateBlock, startLine: number, endLine: number, silent: boolean): boolean => {
  const at = (line: number): string => state.src.slice((state.bMarks[line] ?? 0) + (state.tShift[line] ?? 0), state.eMarks[line]);
  if ((state.sCount[startLine] ?? 0) - state.blkIndent >= 4) return false;
  const first = at(startLine);
  const end = ENDS[first.slice(0, 2)];
  if (end === undefined) return false;
  const lines: string[] = [];
  let line = startLine;
  let closed = false;
  for (; line < endLine && !closed; line += 1) {
    const text = line === startLine ? first.slice(2) : at(line);
    closed = text.trimEnd().endsWith(end);
    // More text behind the end: a formula within a paragraph.
    if (!closed && text.includes(end)) return false;
    if (!closed && text.trim() === '' && line > startLine) return false;
    lines.push(closed ? text.trimEnd().slice(0, -2) : text);
  }
  if (silent) return true;
  const token = state.push('math', 'div', 0);
  token.block = true;
  token.content = lines.join('\n').trim();
  token.info = closed ? 'display' : 'display open';
  token.map = [startLine, line];
  state.line = line;
  return true;
};

export function addMaths(markdown: MarkdownIt): void {
  markdown.inline.ruler.before('escape', 'math', inline);
  markdown.block.ruler.before('paragraph', 'math', block, { alt: ['paragraph', 'reference', 'blockquote', 'list'] });
  markdown.renderer.rules.math = (tokens, index) => {
    const token = tokens[index];
    const tag = token?.block === true ? 'div' : 'span';
    return `<${tag} class="math ${token?.info ?? ''}" dir="ltr">${markdown.utils.escapeHtml(token?.content ?? '')}</${tag}>${token?.block === true ? '\n' : ''}`;
  };
}
