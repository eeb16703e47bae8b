/** The app on the real server, as a person has it after `npm start`. */
import type { Browser, Page } from 'playwright-core';
import type { Message } from '../../src/protocol/wire.ts';
import { startHoldfast, type HoldfastProcess } from '../support/holdfast-process.ts';
import { until } from '../support/until.ts';
import { describeInChromium, launchChromium, newPage, shoot } from './chromium.ts';

interface Shown {
  id: string;
  role: string;
  status: string;
  content: string;
}

describeInChromium('the app on the real server', () => {
  let browser: Browser;
  let server: HoldfastProcess;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    server = await startHoldfast({ DEMO_TOKENS_PER_SECOND: '60', DEMO_TOKENS: '90' });
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    server.kill('SIGKILL');
    await server.exited;
  });

  const open = async (): Promise<{ page: Page; complaints: string[] }> => {
    const opened = await newPage(browser);
    await opened.page.goto(`${server.url}/?debug`);
    await opened.page.locator('[data-testid=badge][data-state=online]').waitFor();
    return opened;
  };
  const say = async (page: Page, text: string): Promise<void> => {
    await page.getByTestId('composer').fill(text);
    await page.getByTestId('composer').press('Enter');
  };
  const shown = (page: Page): Promise<Shown[]> => page.evaluate<Shown[]>('window.__holdfast.messages()');
  const reply = async (page: Page): Promise<Shown | undefined> => (await shown(page)).findLast((message) => message.role === 'assistant');
  const streamed = (page: Page, characters: number): Promise<void> =>
    until(`${characters} characters`, async () => ((await reply(page))?.content.length ?? 0) >= characters, 10_000);
  const ended = (page: Page, status: string): Promise<void> => until(`the reply to be ${status}`, async () => (await reply(page))?.status === status, 15_000);

  /** What history has, asked over HTTP with the page's own token. */
  const inHistory = async (page: Page): Promise<Message[]> => {
    const token = await page.evaluate<string>('JSON.parse(Object.entries(localStorage).find(([key]) => key.startsWith("holdfast.token"))[1]).token');
    const sessionId = new URL(page.url()).pathname.split('/')[2];
    const response = await fetch(`${server.url}/api/history/${sessionId}`, { headers: { authorization: `Bearer ${token}` } });
    return ((await response.json()) as { messages: Message[] }).messages;
  };
  const stored = async (page: Page): Promise<Shown[]> => (await inHistory(page)).map(({ id, role, status, content }) => ({ id, role, status, content }));
  const untilStored = async (page: Page): Promise<void> => {
    await until('history to have what the page shows', async () => JSON.stringify(await stored(page)) === JSON.stringify(await shown(page)));
  };

  it('U23 a message is answered, streamed, stored, and listed, without a complaint of the browser', async () => {
    const { page, complaints } = await open();
    await say(page, 'Write a short poem about the sea, with a list and some code.');
    await page.waitForURL(/\/s\/\w+/);
    await streamed(page, 80);
    await shoot(page, 'live-streaming');
    await ended(page, 'complete');
    await shoot(page, 'live-done');
    await untilStored(page);
    await page.getByTestId('session-item').first().waitFor();
    expect(complaints).toEqual([]);
  });

  it('U24 a second tab shows the same reply, and a reload in the middle loses nothing', async () => {
    const { page } = await open();
    await say(page, 'Tell me about kelp.');
    await streamed(page, 40);
    const second = await page.context().newPage();
    await second.goto(page.url());
    await streamed(second, 1);
    await page.reload();
    for (const tab of [page, second]) await ended(tab, 'complete');
    expect(await shown(page)).toEqual(await shown(second));
    await untilStored(page);
  });

  it('U25 Stop ends the reply at once, for all tabs and in history', async () => {
    const { page } = await open();
    await say(page, 'Tell me about kelp.');
    await streamed(page, 40);
    await page.getByTestId('stop').click();
    await page.getByTestId('mark').waitFor();
    expect((await reply(page))?.status).toBe('cancelled');
    await untilStored(page);
    await say(page, 'And now shortly.');
    await ended(page, 'complete');
  });

  it('U26 the server is killed in the middle and started again: the page reconnects and the reply is whole', async () => {
    const { page } = await open();
    await say(page, 'Tell me about kelp.');
    await streamed(page, 60);
    server.kill('SIGKILL');
    await server.exited;
    await page.locator('[data-testid=badge]:not([data-state=online])').waitFor();
    const before = (await reply(page))?.content ?? '';
    await shoot(page, 'live-killed');
    server = await server.restart();
    await ended(page, 'complete');
    expect((await reply(page))?.content.startsWith(before)).toBe(true);
    await page.locator('[data-testid=badge][data-state=online]').waitFor();
    await untilStored(page);
    await shoot(page, 'live-recovered');
  });

  it('U105 another model is chosen: the next reply is its, and every tab names it', async () => {
    const model = (of: Page, name: string) => of.locator(`[data-testid=model][title=${name}]`);
    const { page, complaints } = await open();
    await model(page, 'demo').waitFor();
    await page.getByTestId('chat-settings').click();
    await page.getByTestId('model-select').selectOption('demo-brief');
    await page.getByTestId('system-prompt').fill('Be brief.');
    await page.getByTestId('chat-settings-save').click();
    await model(page, 'demo-brief').waitFor();
    await say(page, 'Tell me about kelp.');
    await ended(page, 'complete');
    expect((await reply(page))?.content.split(/\s+/).length).toBeLessThan(60);
    const second = await page.context().newPage();
    await second.goto(page.url());
    await model(second, 'demo-brief').waitFor();
    await second.getByTestId('chat-settings').click();
    await second.getByTestId('model-select').selectOption({ index: 0 });
    await second.getByTestId('chat-settings-save').click();
    await model(page, 'demo').waitFor();
    await untilStored(page);
    expect((await inHistory(page)).map((message) => message.model)).toEqual([undefined, 'demo-brief']);
    expect(complaints).toEqual([]);
  });

  it('U107 feedback on the real server is there after a reload, in another tab, and in history', async () => {
    const { page, complaints } = await open();
    await say(page, 'Tell me about kelp.');
    await ended(page, 'complete');
    await page.getByTestId('thumb-down').click();
    await page.getByTestId('feedback-comment').fill('More about kelp.');
    await page.getByTestId('feedback-say').click();
    await page.getByTestId('feedback-panel').waitFor({ state: 'detached' });
    const second = await page.context().newPage();
    await second.goto(page.url());
    await second.locator('[data-testid=thumb-down][aria-pressed=true]').waitFor();
    await second.getByTestId('thumb-up').click();
    await page.locator('[data-testid=thumb-up][aria-pressed=true]').waitFor();
    await page.reload();
    await page.locator('[data-testid=thumb-up][aria-pressed=true]').waitFor();
    expect((await inHistory(page)).map(({ feedback }) => feedback)).toEqual([undefined, { rating: 'up' }]);
    expect(complaints).toEqual([]);
  });

  it('U93 on the real server a message is found without its accents, and shown', async () => {
    const { page } = await open();
    await say(page, 'Kể cho tôi nghe về Đà Nẵng và Hội An.');
    await ended(page, 'complete');
    await untilStored(page);
    await page.getByTestId('new-chat').click();
    await page.getByTestId('search').fill('da nang hoi');
    await page.getByTestId('hit').first().waitFor();
    expect(await page.getByTestId('hit').last().locator('mark').allInnerTexts()).toEqual(['Đà', 'Nẵng', 'Hội']);
    await page.getByTestId('hit').last().click();
    await page.locator('.marked [data-role=user]').waitFor();
    await shoot(page, 'live-search');
  });

  it('U95 a chat that is pinned in one tab is pinned in the other, and after a reload', async () => {
    const { page } = await open();
    await say(page, 'The first one.');
    await ended(page, 'complete');
    await page.getByTestId('new-chat').click();
    await say(page, 'The second one.');
    await ended(page, 'complete');
    const second = await page.context().newPage();
    await second.goto(page.url());
    await second.getByTestId('session-item').nth(1).getByTestId('more').click();
    await second.getByTestId('pin').click();
    const pinned = page.locator('section', { hasText: 'Pinned' });
    await pinned.getByText('The first one.').waitFor();
    await page.reload();
    await pinned.getByText('The first one.').waitFor();
    expect(await page.getByTestId('session-item').count()).toBe(2);
  });

  it('U99 a shared chat is read by somebody else as it was, and not any more once it is revoked', async () => {
    const { page } = await open();
    await say(page, 'Tell me about kelp.');
    await ended(page, 'complete');
    await page.getByTestId('more').click();
    await page.getByTestId('share').click();
    await page.getByTestId('share-create').click();
    const link = await page.getByTestId('share-link').inputValue();
    await page.keyboard.press('Escape');
    await say(page, 'And something private.');
    await ended(page, 'complete');
    const { page: reader, complaints } = await newPage(browser);
    await reader.goto(link);
    await reader.locator('[data-role=assistant]').waitFor();
    expect(await reader.locator('[data-role]').count()).toBe(2);
    expect(await reader.getByText('something private').count()).toBe(0);
    await shoot(reader, 'live-shared');
    expect(complaints).toEqual([]);
    await page.getByTestId('more').click();
    await page.getByTestId('share').click();
    await page.getByTestId('share-revoke').click();
    await page.getByTestId('share-create').waitFor();
    await reader.reload();
    await reader.getByTestId('shared-gone').waitFor();
  });

  it('U27 renaming and deleting in one tab is seen in the other', async () => {
    const { page } = await open();
    await say(page, 'Tell me about kelp.');
    await ended(page, 'complete');
    const second = await page.context().newPage();
    await second.goto(page.url());
    await second.getByTestId('more').click();
    await second.getByTestId('rename').click();
    await second.getByLabel('Title of the chat').fill('All about kelp');
    await second.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'All about kelp' }).waitFor();
    await second.getByTestId('more').click();
    await second.getByTestId('delete').click();
    await second.getByRole('button', { name: 'Dismiss' }).click();
    await page.getByText('This chat was deleted.').waitFor();
    await page.getByTestId('session-item').waitFor({ state: 'detached' });
  });
});
