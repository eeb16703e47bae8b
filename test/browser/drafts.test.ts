/** Whose a draft is when there are several tabs; on a scripted server. */
import type { Page } from 'playwright-core';
import { until } from '../support/until.ts';
import { describeOnStage } from './on-stage.ts';
import { tell } from './stage.ts';

describeOnStage('drafts', (on) => {
  const sends = () => on.stage.server.requestsNamed('message:send');
  const composer = (page: Page) => page.getByTestId('composer');
  const text = (page: Page): Promise<string> => composer(page).inputValue();
  /** The first tab. Without locks: as over plain http in a local network, where the browser has none. */
  const begin = async (locks: boolean, url: string): Promise<Page> => {
    const { page } = await on.newPage();
    if (!locks) await page.context().addInitScript('delete Navigator.prototype.locks');
    await page.goto(url);
    await page.locator('[data-testid=badge][data-state=online]').waitFor();
    return page;
  };
  const EACH = [['with locks', true], ['without locks', false]] as const;
  /** Another tab of the same browser. */
  const beside = async (page: Page, url: string): Promise<Page> => {
    const other = await page.context().newPage();
    other.setDefaultTimeout(8_000);
    await other.goto(url);
    await other.locator('[data-testid=badge][data-state=online]').waitFor();
    return other;
  };
  /** Long enough for a tab to have heard of another. */
  const hear = (page: Page): Promise<void> => page.waitForTimeout(500);

  it.each(EACH)('U133 each tab has its own new chat: what is written or sent in one is not seen, changed or erased in the other (%s)', async (_, locks) => {
    const first = await begin(locks, on.stage.server.url);
    const second = await beside(first, on.stage.server.url);
    await composer(first).fill('A long question in the first tab');
    await hear(second);
    expect(await text(second)).toBe('');
    await composer(second).fill('Another in the second');
    await composer(second).press('Enter');
    await until('the message', () => sends().length === 1);
    await second.waitForURL(/\/s\//);
    await hear(first);
    expect(await text(first)).toBe('A long question in the first tab');
    await first.reload();
    await until('the draft', async () => (await text(first)) === 'A long question in the first tab');
    await second.getByTestId('new-chat').click();
    await second.getByTestId('empty').waitFor();
    await hear(second);
    expect(await text(second)).toBe('');
    expect(sends().map(({ content }) => content)).toEqual(['Another in the second']);
  });

  it('U133 so it is in a chat that both tabs show', async () => {
    tell(on.stage.session, 'Hello', 'Hello to you.');
    const { page: first } = await on.open();
    await composer(first).fill('Half a thought');
    const second = await beside(first, on.stage.url);
    await second.getByText('Hello to you.').waitFor();
    await hear(second);
    expect(await text(second)).toBe('');
    await composer(second).fill('Sent at once');
    await composer(second).press('Enter');
    await until('the message', () => sends().length === 1);
    await first.getByTestId('message').filter({ hasText: 'Sent at once' }).waitFor();
    expect(await text(first)).toBe('Half a thought');
  });

  it.each(EACH)('U134 when its tab is gone, the next one that opens the chat has the draft, and only that one (%s)', async (_, locks) => {
    tell(on.stage.session, 'Hello', 'Hello to you.');
    const first = await begin(locks, on.stage.url);
    const last = await beside(first, on.stage.server.url);
    await composer(first).fill('Half a thought');
    const other = await beside(first, on.stage.server.url);
    await composer(other).fill('A new question');
    await Promise.all([first.close(), other.close()]);
    expect(await text(last)).toBe('');
    const third = await beside(last, on.stage.server.url);
    await until('the new chat', async () => (await text(third)) === 'A new question');
    await third.goto(on.stage.url);
    await until('the chat', async () => (await text(third)) === 'Half a thought');
    const fourth = await beside(last, on.stage.url);
    await fourth.getByText('Hello to you.').waitFor();
    await hear(fourth);
    expect(await text(fourth)).toBe('');
    await third.reload();
    await until('it again', async () => (await text(third)) === 'Half a thought');
  });
});
