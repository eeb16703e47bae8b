/** The app in one tab of a real browser, used as a person does, and read through its `?debug` hook. */
import type { Page } from 'playwright-core';
import { until } from '../support/until.ts';

export interface Shown {
  id: string;
  role: string;
  status: string;
  content: string;
}

const TEXT_LIMIT_MS = 15_000;
const END_LIMIT_MS = 30_000;

export class AppTab {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Answers when it is connected. */
  async open(url: string): Promise<void> {
    await this.page.goto(url);
    await this.online();
  }

  async online(): Promise<void> {
    await this.page.locator('[data-testid=badge][data-state=online]').waitFor();
  }

  /** A new session: its address is answered. */
  async say(text: string): Promise<string> {
    await this.page.getByTestId('composer').fill(text);
    await this.page.getByTestId('composer').press('Enter');
    await this.page.waitForURL(/\/s\/\w+/);
    return this.page.url();
  }

  /** Node id of the gateway it is connected to, as server:hello named it. */
  gateway(): Promise<string> {
    return this.page.evaluate<string>('window.__holdfast.connection().hello?.nodeId ?? ""');
  }

  shown(): Promise<Shown[]> {
    return this.page.evaluate<Shown[]>('window.__holdfast?.messages() ?? []');
  }

  async reply(): Promise<Shown | undefined> {
    return (await this.shown()).findLast(({ role }) => role === 'assistant');
  }

  async streamed(characters: number): Promise<void> {
    await until(`${characters} characters`, async () => ((await this.reply())?.content.length ?? 0) >= characters, TEXT_LIMIT_MS);
  }

  /** The lengths its text was seen to have, until it ended. */
  async lengthsToTheEnd(): Promise<Set<number>> {
    const lengths = new Set<number>();
    await until('the reply to end', async () => {
      const reply = await this.reply();
      lengths.add(reply?.content.length ?? 0);
      return reply?.status !== 'streaming';
    }, END_LIMIT_MS);
    return lengths;
  }

  async ended(status: string): Promise<Shown> {
    await until(`the reply to be ${status}`, async () => (await this.reply())?.status === status, END_LIMIT_MS);
    return (await this.reply())!;
  }

  get sessionId(): string {
    return new URL(this.page.url()).pathname.split('/')[2] ?? '';
  }

  /** What history has, asked over HTTP with the page's own token. `url`: whom to ask. */
  async stored(url: string): Promise<Shown[]> {
    const token = await this.page.evaluate<string>('JSON.parse(Object.entries(localStorage).find(([key]) => key.startsWith("holdfast.token"))[1]).token');
    const response = await fetch(`${url}/api/history/${this.sessionId}`, { headers: { authorization: `Bearer ${token}` } });
    const body = (await response.json()) as { messages?: Shown[] };
    return (body.messages ?? []).map(({ id, role, status, content }) => ({ id, role, status, content }));
  }
}
