/**
 * The last block of a text that still grows, as it will most likely be: what is half written is closed, or kept back
 * until it is whole. Finished blocks never pass here.
 */
import remend from 'remend';

/**
 * A last line that is only the beginning of some mark (`-`, `##`, `1.`, two backticks) would flash as something else
 * before it is whole.
 */
const HALF_A_MARK = /(?:^|\n)[ \t]*(?:[-=*+_#>|`~: \t]+|\d{1,9}[.)])$/;
/** A line of a list, a quote or a table stands for itself; of a paragraph all lines belong together. */
const LINE_OF_ITS_OWN = /^[ \t]*(?:[-*+>|]|\d{1,9}[.)])/;
/** The beginning of a formula without its end. A dollar before a space or a digit is money. */
const OPEN_FORMULA = /(?:\\\((?![^\n]*\\\)).{0,400}|(?<![\\$\d])\$(?![\s\d$])[^$\n]{0,80})$/;
const TABLE_HEAD = /(?:^|\n)[ \t]*\|[^\n]*[^\s|][^\n]*$/;
const DELIMITER_ROW = /\n[ \t]*\|?[ \t]*:?-+:?[ \t]*\|[-:| \t]*(?:\n|$)/;

export function withoutHalfMark(text: string): string {
  const half = HALF_A_MARK.exec(text.slice(-40));
  return half === null || half[0].trim() === '' ? text : text.slice(0, text.length - half[0].length);
}

/** A mark of emphasis, code or a link with nothing behind it yet. */
const OPENING_MARK = /(^|[\s("'])(?:[*_`~]{1,3}|!?\[|!)$/;

function closeInline(text: string): string {
  const whole = text.replace(OPEN_FORMULA, '').replace(OPENING_MARK, '$1');
  return remend(whole, { linkMode: 'text-only', htmlTags: false, setextHeadings: false, singleTilde: false, katex: false, comparisonOperators: false });
}

/** The head of a table is one before the line below it says so. */
function asTable(block: string): string {
  if (!TABLE_HEAD.test(block) || DELIMITER_ROW.test(block)) return block;
  const start = block.lastIndexOf('\n') + 1;
  const head = block.slice(start).trim().replace(/([^|])$/, '$1 |');
  const columns = head.split('|').length - 2;
  return `${block.slice(0, start)}${head}\n|${' --- |'.repeat(Math.max(1, columns))}`;
}

/** `block`: the source of one block that is no code. */
export function closeBlock(block: string): string {
  const text = withoutHalfMark(block);
  const lastLine = text.lastIndexOf('\n') + 1;
  const start = LINE_OF_ITS_OWN.test(text.slice(lastLine)) ? lastLine : 0;
  return asTable(text.slice(0, start) + closeInline(text.slice(start)));
}
