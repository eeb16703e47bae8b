/** SIGKILL in the middle of replies, a start on the same folder, and the exact check. */
import type { Message } from '../../src/protocol/wire.ts';
import type { HoldfastProcess } from './holdfast-process.ts';
import type { Seeded } from './seeded.ts';
import { Tab } from './tab.ts';
import { until } from './until.ts';

const SESSIONS = 3;

/** Kills the server at a random point of several replies at once and answers the one that runs afterwards. */
export async function killAndCheck(server: HoldfastProcess, token: string, random: Seeded): Promise<HoldfastProcess> {
  const tabs = await Promise.all(Array.from({ length: SESSIONS }, async () => {
    const tab = await new Tab(server.url, token).connect();
    await tab.open();
    return tab;
  }));
  try {
    const sends = tabs.map((tab, n) => tab.send(`question ${n}`, `kill-${n}`));
    const pointOfText = random.int(-20, 500);
    // Below zero: before the sends are answered, perhaps before they arrived.
    const sent = pointOfText < 0 ? null : await Promise.all(sends);
    if (sent) await until('the moment to kill', () => tabs[0]!.text(sent[0]!.replyId).length >= pointOfText || tabs[0]!.ends.size > 0);
    for (const send of sends) send.catch(() => undefined);
    server.kill('SIGKILL');
    await server.exited;
    const shown = tabs.map((tab) => [...tab.messages.values()].map(({ id, content }) => ({ id, content })));
    const next = await server.restart();
    await Promise.all(tabs.map((tab, n) => finish(tab, n, shown[n]!)));
    return next;
  } finally {
    for (const tab of tabs) tab.close();
  }
}

async function finish(tab: Tab, n: number, shown: { id: string; content: string }[]): Promise<void> {
  await until('the cut', () => !tab.socket.connected);
  await tab.connect();
  // What was not acknowledged is sent again under the same id; what was, is found.
  const { messageId, replyId } = await tab.send(`question ${n}`, `kill-${n}`);
  const reply = await tab.ended(replyId);
  expect(reply.status).toBe('complete');
  const { messages } = await tab.request<{ messages: Message[] }>('session:history', { sessionId: tab.sessionId });
  expect(messages.map(({ id }) => id)).toEqual([messageId, replyId]);
  expect(messages.map(({ content }) => content)).toEqual([`question ${n}`, reply.content]);
  // The demo provider continues exactly, so no shown character may ever change.
  for (const { id, content } of shown) expect(messages.find((message) => message.id === id)?.content.startsWith(content)).toBe(true);
  expect(tab.counts.repeats).toBe(0);
}
