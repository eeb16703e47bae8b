/** What the model gets: whole messages of the path that leads to the reply, newest first, until the budget is used. */
import type { PromptMessage } from '../protocol/broker.ts';
import type { Message } from '../protocol/wire.ts';

/** Fair for Latin scripts, low for CJK: the budget is a bound on cost, not the model's context limit. */
export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4) + 4;
}

type Page = (before: number, limit: number) => Promise<{ messages: Message[]; hasMore: boolean }>;
const PAGE = 50;

/**
 * Walks from the reply's parent to the root. `recent` are messages that history may not have yet; the rest is read
 * page by page, only as far as the budget reaches. The newest message is always in, also when it alone is over it.
 */
export async function buildPrompt(reply: Message, recent: Message[], budget: number, page: Page): Promise<PromptMessage[]> {
  const known = new Map(recent.map((message) => [message.id, message]));
  const prompt: PromptMessage[] = [];
  let left = budget;
  let before = reply.position;
  let hasMore = true;
  let id = reply.parentId;
  while (id !== null) {
    const message = known.get(id);
    if (!message) {
      if (!hasMore) break;
      const older = await page(before, PAGE);
      for (const found of older.messages) if (!known.has(found.id)) known.set(found.id, found);
      before = older.messages[0]?.position ?? 0;
      hasMore = older.hasMore;
      continue;
    }
    id = message.parentId;
    if (message.content === '') continue;
    left -= estimateTokens(message.content);
    if (left < 0 && prompt.length > 0) break;
    prompt.push({ role: message.role, content: message.content });
  }
  return startWithUser(prompt.reverse());
}

/** Many servers refuse a conversation that begins with the assistant. */
function startWithUser(prompt: PromptMessage[]): PromptMessage[] {
  const first = prompt.findIndex((message) => message.role === 'user');
  return first > 0 ? prompt.slice(first) : prompt;
}
