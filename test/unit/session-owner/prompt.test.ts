import type { Message } from '../../../src/protocol/wire.ts';
import { buildPrompt, type ReadFile } from '../../../src/session-owner/prompt.ts';
import { estimateTokens } from '../../../src/prompt-budget.ts';

function message(position: number, content: string, parent: number | null = position - 1): Message {
  const role = position % 2 === 1 ? 'user' : 'assistant';
  return { id: `p${position}`, sessionId: 's', position, role, content, status: 'complete', parentId: parent ? `p${parent}` : null, createdAt: '' };
}
const storedOf = (all: Message[]) => ({
  page: async (before: number, limit: number) => ({ messages: all.filter(({ position }) => position < before).slice(-limit) }),
  message: async (id: string) => all.find((message) => message.id === id) ?? null,
});
const noFiles: ReadFile = async () => null;
const contents = (prompt: { content: string }[]): string => prompt.map(({ content }) => content).join(',');

describe('the prompt', () => {
  const all = [message(1, 'a', null), message(2, 'A'), message(3, 'b'), message(4, 'B'), message(5, 'c')];

  it('is the path to the reply, oldest first, from memory and history', async () => {
    expect(contents(await buildPrompt(message(6, ''), all.slice(3), 1_000, storedOf(all.slice(0, 4)), noFiles))).toBe('a,A,b,B,c');
  });

  it('holds whole messages up to the budget and begins with the user', async () => {
    const budget = 3 * estimateTokens('a') + 1;
    expect(contents(await buildPrompt(message(6, ''), [], budget, storedOf(all), noFiles))).toBe('b,B,c');
    expect(contents(await buildPrompt(message(6, ''), [], budget - estimateTokens('a'), storedOf(all), noFiles))).toBe('c');
  });

  it('has the newest message also when that alone is over the budget', async () => {
    expect(contents(await buildPrompt(message(6, ''), [], 1, storedOf(all), noFiles))).toBe('c');
  });

  it('leaves other versions and empty replies out', async () => {
    const tree = [message(1, 'a', null), message(2, 'old'), message(4, '', 1), message(5, 'c', 4)];
    expect(contents(await buildPrompt(message(6, ''), tree, 1_000, storedOf([]), noFiles))).toBe('a,c');
  });

  it('T6 ends where the way would lead back', async () => {
    const round = [message(1, 'a', 2), message(2, 'A', 1), message(3, 'b', 2)];
    expect(contents(await buildPrompt(message(4, ''), round, 1_000, storedOf(round), noFiles))).toBe('a,A,b');
  });

  it('a long part of other versions is passed over with one question', async () => {
    const others = Array.from({ length: 500 }, (_, i) => message(i + 3, 'other'));
    const tree = [message(1, 'a', null), message(2, 'A'), ...others, message(503, 'b', 2)];
    let asked = 0;
    const stored = storedOf(tree);
    const counted = { page: (before: number, limit: number) => ((asked += 1), stored.page(before, limit)), message: (id: string) => ((asked += 1), stored.message(id)) };
    expect(contents(await buildPrompt(message(504, ''), [], 1_000, counted, noFiles))).toBe('a,A,b');
    expect(asked).toBe(4);
  });

  it('reads no page it does not need', async () => {
    let pages = 0;
    const long = Array.from({ length: 400 }, (_, i) => message(i + 1, 'x'.repeat(400), i === 0 ? null : i));
    const stored = storedOf(long);
    const page = (before: number, limit: number) => ((pages += 1), stored.page(before, limit));
    const prompt = await buildPrompt(message(401, ''), [], 60 * estimateTokens('x'.repeat(400)), { ...stored, page }, noFiles);
    expect(prompt.length).toBe(60);
    expect(pages).toBe(2);
  });
});
