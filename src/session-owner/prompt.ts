/** What the model gets: whole messages of the path that leads to the reply, newest first, until the budget is used. */
import type { PromptMessage } from '../protocol/broker.ts';
import type { Message } from '../protocol/wire.ts';
import { pathUp, type Stored } from './path.ts';

/** Fair for Latin scripts, low for CJK: the budget is a bound on cost, not the model's context limit. */
export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4) + 4;
}

const PAGE = 50;

/**
 * Walks from the reply's parent to the root. `recent` are messages that history may not have yet; the rest is read
 * page by page, only as far as the budget reaches. The newest message is always in, also when it alone is over it.
 */
export async function buildPrompt(reply: Message, recent: Message[], budget: number, stored: Stored): Promise<PromptMessage[]> {
  const known = new Map(recent.map((message) => [message.id, message]));
  const prompt: PromptMessage[] = [];
  let left = budget;
  for await (const { role, content } of pathUp({ id: reply.parentId, below: reply.position }, known, stored, PAGE)) {
    if (content === '') continue;
    left -= estimateTokens(content);
    if (left < 0 && prompt.length > 0) break;
    prompt.push({ role, content });
  }
  return startWithUser(prompt.reverse());
}

/** Many servers refuse a conversation that begins with the assistant. */
function startWithUser(prompt: PromptMessage[]): PromptMessage[] {
  const first = prompt.findIndex((message) => message.role === 'user');
  return first > 0 ? prompt.slice(first) : prompt;
}
