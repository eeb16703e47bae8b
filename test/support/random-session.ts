/** One random run: several tabs on one session, dropping, reloading, resuming and cancelling; then the exact check. */
import type { Message } from '../../src/protocol/wire.ts';
import type { Seeded } from './seeded.ts';
import { Tab } from './tab.ts';
import { until } from './until.ts';

/** Plays the run and throws when any tab's text differs from the stored one, or a reply did not end exactly once. */
export async function playRandomSession(url: string, token: string, random: Seeded): Promise<void> {
  const first = await new Tab(url, token).connect();
  await first.open();
  const tabs = [first];
  for (let n = random.int(1, 3); n > 0; n -= 1) {
    const tab = await new Tab(url, token).connect();
    await tab.open({ sessionId: first.sessionId });
    tabs.push(tab);
  }
  try {
    for (let turn = random.int(1, 2); turn > 0; turn -= 1) await playTurn(tabs, random);
    await check(tabs);
  } finally {
    for (const tab of tabs) tab.close();
  }
}

async function playTurn(tabs: Tab[], random: Seeded): Promise<void> {
  const sender = random.pick(tabs);
  const { replyId } = await sender.send(`question ${random.int(1, 1_000_000)}`);
  const cancelAt = random.next() < 0.3 ? random.int(0, 400) : Infinity;
  await Promise.all(tabs.map((tab) => disturb(tab, replyId, random)));
  if (cancelAt < Infinity) {
    const watcher = random.pick(tabs);
    await until('the moment to cancel', () => watcher.text(replyId).length >= cancelAt || watcher.messages.get(replyId)?.status !== 'streaming');
    await watcher.request('message:cancel', { sessionId: watcher.sessionId, messageId: replyId });
  }
  await Promise.all(tabs.map((tab) => tab.ended(replyId)));
}

/** Zero to three drops or reloads at random places of the text. */
async function disturb(tab: Tab, replyId: string, random: Seeded): Promise<void> {
  for (let n = random.int(0, 3); n > 0; n -= 1) {
    const at = tab.text(replyId).length + random.int(0, 150);
    const reload = random.next() < 0.4;
    await until('the moment to drop', () => tab.text(replyId).length >= at || !['streaming', undefined].includes(tab.messages.get(replyId)?.status));
    tab.drop();
    await until('the cut', () => !tab.socket.connected);
    if (reload) tab.forget();
    await tab.connect();
  }
}

async function check(tabs: Tab[]): Promise<void> {
  const { messages } = await tabs[0]!.request<{ messages: Message[] }>('session:history', { sessionId: tabs[0]!.sessionId });
  for (const tab of tabs) {
    const shown = [...tab.messages.values()].map(({ id, content, status }) => ({ id, content, status }));
    expect(shown).toEqual(messages.map(({ id, content, status }) => ({ id, content, status })));
    for (const [id, ends] of tab.ends) expect([id, ends]).toEqual([id, 1]);
    expect(tab.counts).toMatchObject({ repeats: 0, holes: 0, resyncs: 0 });
  }
}
