/** A reply with everything a model writes, as long as wanted, and the same each time. */
const SENTENCES = [
  'A log that is only ever appended to can be read again from any place, which is what makes a reply survive a lost connection.',
  'Each piece has a number, and **numbers have no holes**; whoever sees a hole asks again.',
  'The owner of a session holds a lock, and every append names the `epoch` under which the lock was taken.',
  'See [the notes on fencing](https://example.com/fencing) for *why* a clock is not enough.',
];

const CODE = `\`\`\`ts
async function append(log: Log, epoch: number, events: readonly NewEvent[]): Promise<number> {
  // Refused when somebody else took the lock meanwhile.
  const head = await log.append(epoch, events.map((event) => ({ ...event, at: new Date().toISOString() })));
  for (const listener of listeners) listener(\`up to \${head}\`, events.length);
  return head;
}
\`\`\``;
const LIST = ['- **First**, look at what is there already', '- Then write only what is `missing`', '- At the end compare both, word by word'].join('\n');
const TABLE = '| Step | Cost | Kept |\n|:--|--:|:--|\n| read | 2 ms | yes |\n| append | 1 ms | yes |\n| send | 3 ms | no |';

export function section(index: number): string {
  const paragraph = (from: number): string => Array.from({ length: 4 }, (_, i) => SENTENCES[(from + i) % SENTENCES.length]).join(' ');
  const extra = [CODE, LIST, TABLE, 'The cost is $c = \\frac{n}{2}$ for each of them.'][index % 4];
  return `## Part ${index + 1}\n\n${paragraph(index)}\n\n${extra}\n\n${paragraph(index + 1)}\n\n`;
}

export function reply(words: number): string {
  let text = '';
  for (let index = 0, count = 0; count < words; index += 1) {
    text += section(index);
    count = text.split(/\s+/).length;
  }
  return text;
}

/** Pieces as a model's tokens are: about four characters. */
export const tokensOf = (text: string): string[] => text.match(/[^]{1,5}/g) ?? [];
