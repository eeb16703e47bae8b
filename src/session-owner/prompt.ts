/** What the model gets: whole messages of the path that leads to the reply, newest first, until the budget is used. */
import type { PromptFile, PromptMessage } from '../protocol/broker.ts';
import { isImage } from '../protocol/is-image.ts';
import type { Message, MessageFile } from '../protocol/wire.ts';
import { pathUp, type Stored } from './path.ts';
import { allot, estimateTokens, IMAGE_TOKENS, tokensOf } from '../prompt-budget.ts';

const PAGE = 50;

/** Reads a file; null: it is not there any more. */
export type ReadFile = (id: string) => Promise<Uint8Array | null>;

/**
 * Walks from the reply's parent to the root. `recent` are messages that history may not have yet; the rest is read
 * page by page, only as far as the budget reaches. The newest message is always in, also when it alone is over it; of
 * its files, as of those of older ones, as much as there is room for.
 */
export async function buildPrompt(reply: Message, recent: Message[], budget: number, stored: Stored, readFile: ReadFile): Promise<PromptMessage[]> {
  const known = new Map(recent.map((message) => [message.id, message]));
  const prompt: PromptMessage[] = [];
  let left = budget;
  for await (const { role, content, files = [] } of pathUp({ id: reply.parentId, below: reply.position }, known, stored, PAGE)) {
    if (content === '' && files.length === 0) continue;
    left -= estimateTokens(content);
    if (left < 0 && prompt.length > 0) break;
    const given = await promptFiles(files, left, readFile);
    left -= given.reduce((sum, file) => sum + cost(file), 0);
    prompt.push({ role, content, ...(given.length > 0 && { files: given }) });
  }
  return startWithUser(prompt.reverse());
}

async function promptFiles(files: MessageFile[], room: number, readFile: ReadFile): Promise<PromptFile[]> {
  const given = allot(room, files);
  return Promise.all(files.map((file, index) => promptFile(file, given[index] ?? 0, readFile)));
}

/** A file that there is no room for is named all the same: the model should know what it does not see. */
async function promptFile({ id, name, type, bytes }: MessageFile, part: number, readFile: ReadFile): Promise<PromptFile> {
  const known = { name, type, bytes };
  if (part === 0) return known;
  if (isImage(known)) return { ...known, image: id };
  const content = await readFile(id);
  if (content === null) return known;
  return { ...known, text: beginning(content, part), ...(part < bytes && { cut: true }) };
}

/** Whole characters only: `stream` keeps back what the end has cut in two. */
function beginning(content: Uint8Array, bytes: number): string {
  return new TextDecoder().decode(content.subarray(0, bytes), { stream: bytes < content.byteLength });
}

function cost({ text, image }: PromptFile): number {
  if (image !== undefined) return IMAGE_TOKENS;
  return text === undefined ? 0 : tokensOf(Buffer.byteLength(text));
}

/** Many servers refuse a conversation that begins with the assistant. */
function startWithUser(prompt: PromptMessage[]): PromptMessage[] {
  const first = prompt.findIndex((message) => message.role === 'user');
  return first > 0 ? prompt.slice(first) : prompt;
}
