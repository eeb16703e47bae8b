/** The demo's whole answer to a conversation: Markdown, and the same each time, so that any prefix can be continued. */
import { createHash } from 'node:crypto';
import { languageOf, topicOf } from './demo-language.ts';
import { PHRASES, type Phrases } from './demo-phrases.ts';
import type { ChatMessage } from './provider.ts';

/** A cut answer shorter than this has no title: the few words should say something. */
const SHORTEST_TITLED = 20;

/** `tokens`: exact number of words; 0 is 80 to 200, as the question falls. */
export function demoText(messages: ChatMessage[], tokens: number): string {
  const asked = messages.findLast((message) => message.role === 'user');
  const question = asked?.said ?? asked?.content ?? '';
  const language = languageOf(question);
  const writer = new Writer(PHRASES[language], topicOf(question, language), seededBy(messages));
  const received = writer.received(asked?.files ?? []);
  if (tokens === 0) return [...received, ...writer.answer()].join('\n\n');
  const sections = tokens < SHORTEST_TITLED ? writer.answer().slice(1) : writer.answer();
  return cut(longEnough([...received, ...sections], tokens, writer), tokens);
}

/** Adds parts until there are `tokens` words. */
function longEnough(sections: string[], tokens: number, writer: Writer): string[] {
  const all = [...sections];
  let have = tokensOf(all.join('\n\n')).length;
  for (let part = 2; have < tokens; part += 1) {
    const more = writer.part(part);
    have += tokensOf(more.join('\n\n')).length;
    all.push(...more);
  }
  return all;
}

/** The first `count` words; a code block that would stay open is closed within them. */
function cut(sections: string[], count: number): string {
  const tokens = tokensOf(sections.join('\n\n')).slice(0, count);
  const open = tokens.filter((token) => token.startsWith('```')).length % 2 === 1;
  const last = tokens.length - 1;
  if (open && tokens[last]?.startsWith('```')) tokens[last] = '…';
  else if (open) tokens.splice(last - 1, 2, `${tokens[last - 1]?.trimEnd() ?? ''}\n`, '```');
  return tokens.join('').trimEnd();
}

/** A word and the white space after it; the first may be what is left of a word, or of the space behind one. */
export function tokensOf(text: string): string[] {
  return text.match(/^\s+|\S+\s*/gu) ?? [];
}

class Writer {
  private readonly phrases: Phrases;
  private readonly topic: string;
  private readonly random: () => number;

  constructor(phrases: Phrases, topic: string, random: () => number) {
    this.phrases = phrases;
    this.topic = topic;
    this.random = random;
  }

  /** So that who tries files sees that they arrive. */
  received(files: NonNullable<ChatMessage['files']>): string[] {
    const lines = files.map(({ name, type, bytes, text, cut, image }) => {
      const { fileText, fileCut, fileImage, fileMissing } = this.phrases;
      const phrase = image !== undefined ? fileImage : text === undefined ? fileMissing : cut ? fileCut : fileText;
      const words = text?.match(/\S+/gu)?.length ?? 0;
      const values = { name: name.replaceAll('`', ' '), type, bytes, words, begin: beginning(text ?? '') };
      return `- ${phrase.replace(/\{(\w+)\}/g, (_, key: keyof typeof values) => String(values[key]))}`;
    });
    return lines.length === 0 ? [] : [this.phrases.filesHeading, lines.join('\n')];
  }

  answer(): string[] {
    const { titles, intros, listHeadings, codeIntros, code, tables, closings } = this.phrases;
    const sections = [`# ${this.one(titles)}`, this.one(intros), `## ${this.one(listHeadings)}`, this.list(4), this.one(codeIntros), this.one(code)];
    if (this.random() < 0.5) sections.push(this.one(tables));
    return [...sections, this.one(closings)];
  }

  part(number: number): string[] {
    const { partHeadings, paragraphs, codeIntros, code, tables } = this.phrases;
    const kind = number % 3;
    const extra = kind === 0 ? [this.list(3)] : kind === 1 ? [this.one(tables)] : [this.one(codeIntros), this.one(code)];
    return [`## ${number}. ${this.one(partHeadings)}`, this.one(paragraphs), ...extra];
  }

  private one(choices: string[]): string {
    return this.fill(choices[Math.floor(this.random() * choices.length)] ?? '');
  }

  private list(length: number): string {
    const rest = [...this.phrases.items];
    const chosen = Array.from({ length }, () => rest.splice(Math.floor(this.random() * rest.length), 1)[0] ?? '');
    return chosen.map((item) => `- ${item}`).join('\n');
  }

  private fill(phrase: string): string {
    const capital = this.topic.replace(/^./u, (first) => first.toUpperCase());
    return phrase.replaceAll('{Topic}', () => capital).replaceAll('{topic}', () => this.topic);
  }
}

/** The first words of a text, without what would be markup. */
function beginning(text: string): string {
  const words = text.match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.slice(0, 8).join(' ').slice(0, 80).toWellFormed();
}

/** Numbers in [0, 1) that are the same for the same conversation (mulberry32). */
function seededBy(messages: ChatMessage[]): () => number {
  const lines = messages.map(({ role, content }) => [role, content]);
  let state = createHash('sha256').update(JSON.stringify(lines)).digest().readUInt32LE(0);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
