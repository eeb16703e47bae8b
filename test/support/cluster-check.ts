/** The exact check after a run on a cluster: every tab, history, one end per reply. */
import type { Message } from '../../src/protocol/wire.ts';
import type { RoamingTab } from './roaming-tab.ts';
import { until } from './until.ts';

/** Throws when a tab shows anything but what history has, a reply ended twice, or text came twice. */
export async function checkTabs(tabs: RoamingTab[]): Promise<Message[]> {
  const [first] = tabs;
  if (!first) return [];
  await until('history to have all', async () => (await first.history()).every(({ status }) => status !== 'streaming'), 20_000);
  const stored = (await first.history()).map(({ id, role, content, status }) => ({ id, role, content, status }));
  for (const tab of tabs) {
    await until('the tab to catch up', () => [...tab.messages.values()].every(({ status }) => status !== 'streaming'), 20_000);
    expect([...tab.messages.values()].map(({ id, role, content, status }) => ({ id, role, content, status }))).toEqual(stored);
    for (const [id, ends] of tab.ends) expect([id, ends]).toEqual([id, 1]);
  }
  return first.history();
}

/** The demo provider writes the same text for the same question: what a reply must be, whatever died on the way. */
export async function untilText(tab: RoamingTab, messageId: string, length: number): Promise<void> {
  await until(`${length} characters of ${messageId}`, () => tab.text(messageId).length >= length || !['streaming', undefined].includes(tab.messages.get(messageId)?.status), 20_000);
}
