/**
 * A text that grows, as a list of blocks (paragraphs, lists, code …). Only the last block can still change, so only
 * what begins with it is parsed again; finished blocks stay the same objects. Long lists and tables are taken apart
 * once more: of them, only the last item is new HTML.
 */
import type { MarkdownIt, Token } from 'markdown-it';
import { closeBlock } from './closing.ts';

export type Block =
  | { kind: 'html'; html: string; heading: boolean }
  | { kind: 'code'; language: string; code: string }
  /** `continued`: the items go on from the list before, which grew long. */
  | { kind: 'list'; ordered: boolean; start: number; items: readonly string[]; continued: boolean }
  | { kind: 'table'; head: string; rows: readonly string[] };

export interface BlockRenderer {
  /** `open`: more of the text may come. */
  update(text: string, open: boolean): readonly Block[];
}

interface Placed {
  /** Line of its source where it begins. */
  start: number;
  block: Block;
}

export function languageOf(info: string): string {
  return info.trim().split(/\s+/)[0] ?? '';
}

/** Past this many items a list is drawn as two. */
const LIST_PART = 40;

export function makeBlockRenderer(markdown: MarkdownIt, sanitize: (html: string) => string): BlockRenderer {
  const clean = remembering(sanitize);
  const render = (text: string): Placed[] => {
    const env = {};
    const tokens = markdown.parse(text, env);
    const starts = tokens.flatMap((token, index) => (token.level === 0 && token.nesting >= 0 ? [index] : []));
    const html = (part: Token[]): string => markdown.renderer.render(part, markdown.options, env);
    return starts.flatMap((from, place) => {
      const part = tokens.slice(from, starts[place + 1]);
      return part[0]?.type.endsWith('_list_open') === true ? listParts(part, html, clean) : [{ start: part[0]?.map?.[0] ?? 0, block: toBlock(part, html, clean) }];
    });
  };
  let settledText = '';
  let settled: readonly Block[] = [];

  /** The settled list goes on with the first block after it. */
  const joined = (blocks: readonly Block[]): readonly Block[] => {
    const [first] = blocks;
    const before = settled.at(-1);
    const goesOn = first?.kind === 'list' && before?.kind === 'list' && before.items.length === LIST_PART && first.ordered === before.ordered;
    return goesOn ? [...settled, { ...first, continued: true }, ...blocks.slice(1)] : [...settled, ...blocks];
  };
  return {
    update(text, open) {
      clean.nextRound();
      if (!open || !text.startsWith(settledText)) {
        settledText = '';
        settled = [];
      }
      // Whole, it is parsed in one go: a link may be defined at the very end.
      if (!open) return render(text).map(({ block }) => block);
      const tail = text.slice(settledText.length);
      const code = openFence(tail);
      if (code !== null) return [...settled, code];
      const placed = render(tail);
      const last = placed.at(-1);
      if (last === undefined) return settled;
      const from = placed.length > 1 ? offsetOfLine(tail, last.start) : 0;
      const rest = tail.slice(from);
      const closed = openFence(rest) ?? (closeBlock(rest) === rest ? [last.block] : render(closeBlock(rest)).map(({ block }) => block));
      if (placed.length > 1) {
        settled = joined(placed.slice(0, -1).map(({ block }) => block));
        settledText += tail.slice(0, from);
      }
      return joined(Array.isArray(closed) ? closed : [closed]);
    },
  };
}

/** Code without an end yet, the one block that may be long: it needs no parser. Half of its end is not shown. */
function openFence(text: string): Block | null {
  const begin = /^(`{3,}|~{3,})([^`\n]*)\n/.exec(text);
  if (begin === null) return null;
  const [line, fence = '', info = ''] = begin;
  const end = new RegExp(`(?:^|\\n) {0,3}${fence[0]}{${fence.length},}[ \\t]*(?:\\n|$)`);
  const code = text.slice(line.length);
  if (code.includes(fence) && end.test(code)) return null;
  const halfEnd = new RegExp(`(?:^|\\n) {0,3}${fence[0]}*$`).exec(code.slice(-fence.length - 4));
  return { kind: 'code', language: languageOf(info), code: halfEnd === null ? code : `${code.slice(0, code.length - halfEnd[0].length)}\n` };
}

type Clean = ((html: string) => string) & { nextRound(): void };

/** Cleaning is the dearest part: what was clean a moment ago still is. Remembers this round and the one before. */
function remembering(sanitize: (html: string) => string): Clean {
  let now = new Map<string, string>();
  let before = new Map<string, string>();
  const clean = (html: string): string => {
    const known = now.get(html) ?? before.get(html) ?? sanitize(html);
    now.set(html, known);
    return known;
  };
  return Object.assign(clean, {
    nextRound() {
      before = now;
      now = new Map();
    },
  });
}

function toBlock(part: Token[], html: (part: Token[]) => string, clean: Clean): Block {
  const [first] = part;
  switch (first?.type) {
    case 'fence':
      return { kind: 'code', language: languageOf(first.info), code: first.content };
    case 'code_block':
      return { kind: 'code', language: '', code: first.content };
    case 'table_open': {
      const rows = pieces(part, 'tr').map((row) => cleanRow(html(row), clean));
      return { kind: 'table', head: rows[0] ?? '', rows: rows.slice(1) };
    }
    default:
      return { kind: 'html', html: clean(html(part)), heading: first?.type === 'heading_open' };
  }
}

/** One list as one block or, when it is long, as several that look like one. */
function listParts(part: Token[], html: (part: Token[]) => string, clean: Clean): Placed[] {
  const items = pieces(part, 'list_item');
  const lines = part.filter((token) => token.type === 'list_item_open' && token.level === 1).map((token) => token.map?.[0] ?? 0);
  const ordered = part[0]?.type === 'ordered_list_open';
  const first = Number(part[0]?.attrGet('start') ?? 1);
  const placed: Placed[] = [];
  for (let from = 0; from < items.length; from += LIST_PART) {
    const block: Block = { kind: 'list', ordered, start: first + from, items: items.slice(from, from + LIST_PART).map((item) => clean(html(item))), continued: from > 0 };
    placed.push({ start: lines[from] ?? 0, block });
  }
  return placed;
}

/** What stands between `<type>_open` and `<type>_close`, for each of them on the outermost level where they are. */
function pieces(part: Token[], type: string): Token[][] {
  const found: Token[][] = [];
  const level = part.find((token) => token.type === `${type}_open`)?.level;
  let from = 0;
  part.forEach((token, index) => {
    if (token.level !== level) return;
    if (token.type === `${type}_open`) from = index + 1;
    else if (token.type === `${type}_close`) found.push(part.slice(from, index));
  });
  return found;
}

/** Cells outside of a table are no cells to the cleaner. */
const ROW = ['<table><tbody><tr>', '</tr></tbody></table>'] as const;
function cleanRow(cells: string, clean: Clean): string {
  const whole = clean(`${ROW[0]}${cells}${ROW[1]}`);
  return whole.startsWith(ROW[0]) && whole.endsWith(ROW[1]) ? whole.slice(ROW[0].length, -ROW[1].length) : '';
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
