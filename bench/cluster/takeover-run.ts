/** One takeover: two tabs, a blow to the owner in the middle of the reply, the exact check. */
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../node-process.ts';
import { tokenOf } from '../tokens.ts';
import { AppTab } from './app-tab.ts';
import type { Gateway, Holdfast } from './holdfast.ts';

export type Blow = 'SIGKILL' | 'SIGSTOP';
export interface Outcome {
  /** From the blow to the end of the longest silence after it, in ms: text on its way at the blow does not count. */
  elsewhereMs: number;
  thereMs: number;
  tookMs: number;
}

const QUESTION = 'Tell me about lighthouses.';
const TABS_AT_MOST = 8;
const REPLY_LIMIT_MS = 60_000;
/** Text that was on its way at the blow has arrived by then. */
const IN_FLIGHT_MS = 500;

/** The text of a reply to which nothing happens; the demo writes the same one each time. */
export async function undisturbed(cluster: Holdfast): Promise<string> {
  const tab = new AppTab(cluster.url, await tokenOf('undisturbed'));
  await tab.online();
  tab.open(null);
  tab.send(QUESTION);
  await until('the undisturbed reply', () => tab.reply?.status === 'complete', REPLY_LIMIT_MS);
  const { text } = tab.reply!;
  tab.close();
  return text;
}

export class TakeoverRun {
  private readonly cluster: Holdfast;
  private readonly blow: Blow;
  private readonly expected: string;
  private readonly user: string;
  private readonly tabs: AppTab[] = [];
  private victim: Gateway | null = null;

  constructor(cluster: Holdfast, blow: Blow, expected: string, n: number) {
    this.cluster = cluster;
    this.blow = blow;
    this.expected = expected;
    this.user = `user-${n}`;
  }

  async execute(): Promise<Outcome> {
    const began = performance.now();
    const [there, elsewhere] = await this.openTabs();
    this.victim = this.gatewayOf(there);
    await pause(300 + Math.random() * 1_200);
    if (there.reply?.status !== 'streaming') throw new Error(`the reply was ${there.reply?.status} before the blow`);
    const at = performance.now();
    this.victim.process.kill(this.blow);
    if (this.blow === 'SIGSTOP') {
      await until('the reply to go on in both tabs', () => [there, elsewhere].every((tab) => grewSince(tab, at + IN_FLIGHT_MS)), REPLY_LIMIT_MS);
      // The one that hung wakes up: it must not write a word.
      this.victim.process.kill('SIGCONT');
    }
    for (const tab of [elsewhere, there]) await until('the end of the reply', () => tab.reply?.status === 'complete', REPLY_LIMIT_MS, () => JSON.stringify({ ...tab.reply, text: tab.reply?.text.length, node: tab.nodeId }));
    await this.check([there, elsewhere]);
    return { elsewhereMs: longestSilence(elsewhere, at), thereMs: longestSilence(there, at), tookMs: performance.now() - began };
  }

  /** Closes the tabs and has the node up again. */
  async cleanUp(): Promise<void> {
    for (const tab of this.tabs) tab.close();
    if (this.victim === null) return;
    this.victim.process.kill('SIGKILL');
    await this.victim.restart();
  }

  /** The first asks, so that its gateway's owner owns; the second is on another gateway, as round-robin gives them. */
  private async openTabs(): Promise<[AppTab, AppTab]> {
    const token = await tokenOf(this.user);
    const there = await this.newTab(token);
    let elsewhere = await this.newTab(token);
    while (this.gatewayOf(elsewhere) === this.gatewayOf(there)) {
      if (this.tabs.length >= TABS_AT_MOST) throw new Error('HAProxy sends everybody to the same gateway');
      elsewhere.close();
      elsewhere = await this.newTab(token);
    }
    there.open(null);
    there.send(QUESTION);
    await until('the reply to begin', () => (there.reply?.text.length ?? 0) > 0);
    elsewhere.open(there.sessionId);
    await until('the second tab to follow', () => elsewhere.isLive && (elsewhere.reply?.text.length ?? 0) > 0);
    return [there, elsewhere];
  }

  private async newTab(token: string): Promise<AppTab> {
    const tab = new AppTab(this.cluster.url, token);
    this.tabs.push(tab);
    await tab.online();
    return tab;
  }

  private gatewayOf({ nodeId }: AppTab): Gateway {
    const gateway = this.cluster.gateways.find(({ name }) => nodeId.startsWith(`${name}-`));
    if (gateway === undefined) throw new Error(`no gateway is called ${nodeId}`);
    return gateway;
  }

  private async check(tabs: AppTab[]): Promise<void> {
    for (const [n, tab] of tabs.entries()) {
      if (tab.reply?.text !== this.expected) throw new Error(`tab ${n} shows ${difference(tab.reply?.text ?? '', this.expected)}`);
    }
    let stored = '';
    await until('history to have the reply', async () => {
      stored = await this.stored(tabs[0]!.sessionId ?? '', tabs[0]!.reply?.id ?? '');
      return stored !== '';
    });
    if (stored !== this.expected) throw new Error(`history has ${difference(stored, this.expected)}`);
  }

  /** What GET /api/history says the reply is; '' while it is not complete there. */
  private async stored(sessionId: string, replyId: string): Promise<string> {
    const response = await fetch(`${this.cluster.url}/api/history/${sessionId}`, { headers: { authorization: `Bearer ${await tokenOf(this.user)}` } });
    if (!response.ok) return '';
    const { messages } = (await response.json()) as { messages: { id: string; status: string; content: string }[] };
    return messages.find(({ id, status }) => id === replyId && status === 'complete')?.content ?? '';
  }
}

const grewSince = (tab: AppTab, at: number): boolean => (tab.growths.at(-1) ?? 0) > at;

/** From `at` to the end of the longest silence after it, in ms. */
function longestSilence(tab: AppTab, at: number): number {
  let [last, longest, end] = [at, 0, NaN];
  for (const growth of tab.growths) {
    if (growth < at) continue;
    if (growth - last > longest) [longest, end] = [growth - last, growth];
    last = growth;
  }
  return end - at;
}

function difference(text: string, expected: string): string {
  let at = 0;
  while (at < text.length && text[at] === expected[at]) at += 1;
  return `${text.length} characters instead of ${expected.length}, different from character ${at} on`;
}
