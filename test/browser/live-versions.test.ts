/** Versions on the real server, made and chosen in two tabs. */
import type { Browser, Page } from 'playwright-core';
import { startHoldfast, type HoldfastProcess } from '../support/holdfast-process.ts';
import { until } from '../support/until.ts';
import { AppTab, type Shown } from './app-tab.ts';
import { describeInChromium, launchChromium, newPage, shoot } from './chromium.ts';

describeInChromium('versions on the real server', () => {
  let browser: Browser;
  let server: HoldfastProcess;

  beforeAll(async () => {
    browser = await launchChromium();
    server = await startHoldfast({ DEMO_TOKENS_PER_SECOND: '120', DEMO_TOKENS: '60' });
  });
  afterAll(async () => {
    await browser.close();
    server.kill('SIGKILL');
    await server.exited;
  });
  afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));

  /** Two tabs of one reader, at a chat with one finished turn. */
  const twoTabs = async (question: string): Promise<{ first: AppTab; second: AppTab; complaints: string[] }> => {
    const { page, complaints } = await newPage(browser);
    const first = new AppTab(page);
    await first.open(`${server.url}/?debug`);
    const url = await first.say(question);
    await first.ended('complete');
    const second = new AppTab(await page.context().newPage());
    await second.open(url);
    await second.ended('complete');
    return { first, second, complaints };
  };
  const count = (page: Page, text: string): Promise<void> => page.getByTestId('version-count').filter({ hasText: text }).waitFor();
  const shows = (tab: AppTab, path: Shown[]): Promise<void> => until('the path', async () => JSON.stringify(await tab.shown()) === JSON.stringify(path), 10_000);

  it('U85 a reply regenerated in one tab appears in the other; arrows switch both, and a reload keeps what was chosen', async () => {
    const { first, second, complaints } = await twoTabs('Tell me about kelp.');
    const original = await first.shown();
    await first.page.getByTestId('regenerate').click();
    await until('the other reply', async () => (await second.reply())?.id !== original[1]?.id);
    for (const tab of [first, second]) {
      await tab.ended('complete');
      await count(tab.page, '2/2');
    }
    const renewed = await first.shown();
    await shows(second, renewed);
    await second.page.getByTestId('version-previous').click();
    for (const tab of [first, second]) {
      await shows(tab, original);
      await count(tab.page, '1/2');
    }
    await first.page.reload();
    await shows(first, original);
    await count(first.page, '1/2');
    await first.page.getByTestId('version-next').click();
    for (const tab of [first, second]) await shows(tab, renewed);
    await second.page.reload();
    await shows(second, renewed);
    await until('history to have it', async () => JSON.stringify(await first.stored(server.url)) === JSON.stringify(renewed));
    await first.page.getByTestId('info').click();
    await first.page.getByTestId('reply-info').getByText('Tokens written').waitFor();
    await shoot(first.page, 'live-versions');
    expect(complaints).toEqual([]);
  });

  it('U85 an edit makes a sibling, and its arrow brings the old branch back in both tabs', async () => {
    const { first, second, complaints } = await twoTabs('Tell me about kelp.');
    await first.say('And about whales.');
    await until('the second turn', async () => (await first.shown()).length === 4);
    await first.ended('complete');
    const old = await first.shown();
    await shows(second, old);
    const question = first.page.locator('[data-testid=message][data-role=user]').first();
    await question.hover();
    await question.getByTestId('edit').click();
    await first.page.getByTestId('edit-text').fill('Tell me about sand.');
    await first.page.getByTestId('edit-text').press('Enter');
    for (const tab of [first, second]) {
      await until('the new branch', async () => (await tab.shown())[0]?.content === 'Tell me about sand.');
      await tab.ended('complete');
      await count(tab.page, '2/2');
    }
    expect((await first.shown()).length).toBe(2);
    await second.page.getByTestId('version-previous').click();
    for (const tab of [first, second]) {
      await shows(tab, old);
      await count(tab.page, '1/2');
    }
    await second.page.reload();
    await shows(second, old);
    expect(complaints).toEqual([]);
  });

  it('U85 a stopped reply is continued from its text', async () => {
    const slow = await startHoldfast({ DEMO_TOKENS_PER_SECOND: '40', DEMO_TOKENS: '160' });
    try {
      const { page } = await newPage(browser);
      const first = new AppTab(page);
      await first.open(`${slow.url}/?debug`);
      const url = await first.say('Tell me about kelp.');
      await first.streamed(30);
      await page.keyboard.press('Escape');
      const stopped = await first.ended('cancelled');
      const second = new AppTab(await page.context().newPage());
      await second.open(url);
      await second.page.getByTestId('continue').click();
      const continued = await second.ended('complete');
      expect(continued.content.startsWith(stopped.content)).toBe(true);
      expect(continued.content.length).toBeGreaterThan(stopped.content.length);
      await shows(first, await second.shown());
      await second.page.getByTestId('version-previous').click();
      for (const tab of [first, second]) await tab.page.getByTestId('mark').waitFor();
    } finally {
      slow.kill('SIGKILL');
      await slow.exited;
    }
  });
});
