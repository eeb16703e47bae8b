/** The reasoning some models write before their answer, between `<think>` and `</think>` at the very beginning. */

export interface Parts {
  /** null: there is none. */
  thinking: string | null;
  /** The reasoning has not ended yet. */
  thinkingOpen: boolean;
  answer: string;
}

const BEGIN = /^\s*<(think|thinking|reasoning)>/i;
const TAGS = ['<think>', '<thinking>', '<reasoning>'];

/** What the text could still become `tag` with, at its end. */
function withoutHalf(text: string, tag: string): string {
  for (let length = Math.min(tag.length - 1, text.length); length > 0; length -= 1) {
    if (tag.startsWith(text.slice(-length).toLowerCase())) return text.slice(0, -length);
  }
  return text;
}

/** `open`: more of the text may come, so that half a tag at its end is not shown. */
export function splitThinking(text: string, open: boolean): Parts {
  const begin = BEGIN.exec(text);
  if (begin === null) {
    const start = text.trim().toLowerCase();
    const half = open && start !== '' && TAGS.some((tag) => tag.startsWith(start));
    return { thinking: null, thinkingOpen: false, answer: half ? '' : text };
  }
  const endTag = `</${begin[1]!.toLowerCase()}>`;
  const rest = text.slice(begin[0].length);
  const end = rest.toLowerCase().indexOf(endTag);
  if (end === -1) return { thinking: (open ? withoutHalf(rest, endTag) : rest).trim(), thinkingOpen: open, answer: '' };
  const answer = rest.slice(end + endTag.length).trimStart();
  const thinking = rest.slice(0, end).trim();
  return { thinking: thinking === '' ? null : thinking, thinkingOpen: false, answer };
}
