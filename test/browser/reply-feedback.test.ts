/** Thumbs on replies, on a scripted server. */
import type { Page } from 'playwright-core';
import { refused } from '../support/scripted-server.ts';
import { until } from '../support/until.ts';
import { shoot } from './chromium.ts';
import { describeOnStage } from './on-stage.ts';
import { tell } from './stage.ts';

describeOnStage('feedback on replies', (on) => {
  const asked = () => on.stage.server.requestsNamed('message:feedback').map(({ rating, comment }) => [rating, comment]);
  const accept = (): void => {
    on.stage.server.handlers['message:feedback'] = ({ messageId, rating, comment }) => {
      const feedback = rating === null ? null : { rating, ...(comment !== undefined && { comment }) };
      on.stage.session.publish({ type: 'message.rated', messageId, feedback, rev: on.stage.session.events.length });
      return { ok: true, feedback };
    };
  };
  const start = async (options = {}): Promise<Page> => (await on.open(on.stage.url, options)).page;
  const pressed = (page: Page, thumb: 'up' | 'down', is = true) => page.locator(`[data-testid=thumb-${thumb}][aria-pressed=${is}]`);

  beforeEach(() => {
    tell(on.stage.session, 'Hello?', 'Hello.');
    accept();
  });

  it('U106 a thumb is seen in every tab and after a reload, the other one takes its place, and again takes it back', async () => {
    const page = await start();
    const other = await start();
    await page.getByTestId('thumb-up').click();
    for (const tab of [page, other]) await pressed(tab, 'up').waitFor();
    await shoot(page, 'feedback-up');
    await other.reload();
    await pressed(other, 'up').waitFor();
    await page.getByTestId('thumb-down').click();
    for (const tab of [page, other]) await pressed(tab, 'down').waitFor();
    await pressed(page, 'up', false).waitFor();
    await page.getByTestId('thumb-up').click();
    await pressed(other, 'up').waitFor();
    await page.getByTestId('thumb-up').click();
    for (const tab of [page, other]) await pressed(tab, 'up', false).waitFor();
    expect(asked()).toEqual([['up', undefined], ['down', undefined], ['up', undefined], [null, undefined]]);
  });

  it('U106 a thumb shows at once, and goes again with a word when the server does not take it', async () => {
    const page = await start();
    let answer = (): void => {};
    on.stage.server.handlers['message:feedback'] = () => new Promise((resolve) => (answer = () => resolve(refused('unavailable'))));
    await page.getByTestId('thumb-up').click();
    await pressed(page, 'up').waitFor();
    await until('the request', () => asked().length === 1);
    answer();
    await pressed(page, 'up', false).waitFor();
    await page.getByTestId('toast').getByText('Your feedback was not saved. The server is not available right now.').waitFor();
    await shoot(page, 'feedback-refused');
  });

  it('U106 a reply that is being written has no thumbs', async () => {
    on.stage.session.begin('And?');
    on.stage.session.delta('Half');
    const page = await start();
    await page.getByText('Half').waitFor();
    await until('the thumbs of the reply before', async () => (await page.getByTestId('thumb-up').count()) === 1);
    on.stage.session.end();
    await until('its thumbs', async () => (await page.getByTestId('thumb-up').count()) === 2);
  });

  it('U107 thumbs down may be given words, by keyboard too; they are there to change and to take back', async () => {
    const page = await start();
    await page.getByTestId('thumb-down').focus();
    await page.keyboard.press('Enter');
    await page.getByTestId('feedback-comment').waitFor();
    await until('the focus in the panel', () => page.evaluate('document.activeElement.dataset.testid === "feedback-comment"'));
    expect(await page.getByTestId('feedback-say').isDisabled()).toBe(true);
    await page.keyboard.type('It greets and says no more.');
    await shoot(page, 'feedback-panel');
    await page.keyboard.press('Control+Enter');
    await page.getByTestId('feedback-panel').waitFor({ state: 'detached' });
    expect(asked()).toEqual([['down', undefined], ['down', 'It greets and says no more.']]);
    await page.getByTestId('thumb-down').click();
    expect(await page.getByTestId('feedback-comment').inputValue()).toBe('It greets and says no more.');
    expect(asked()).toHaveLength(2);
    await page.getByTestId('feedback-take-back').click();
    await pressed(page, 'down', false).waitFor();
    await page.getByTestId('feedback-panel').waitFor({ state: 'detached' });
    expect(asked().at(-1)).toEqual([null, undefined]);
  });

  it('U107 words that the server did not take stay to be sent again; Escape closes, and the thumb stays', async () => {
    const page = await start({ viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true, locale: 'vi-VN', colorScheme: 'dark' });
    await page.getByTestId('thumb-down').click();
    await page.getByTestId('feedback-comment').fill('Sai rồi.');
    await shoot(page, 'feedback-panel-phone-vietnamese');
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    on.stage.server.handlers['message:feedback'] = () => refused('unavailable');
    await page.getByTestId('feedback-say').click();
    await page.getByTestId('toast').waitFor();
    expect(await page.getByTestId('feedback-comment').inputValue()).toBe('Sai rồi.');
    accept();
    await page.getByTestId('feedback-say').click();
    await page.getByTestId('feedback-panel').waitFor({ state: 'detached' });
    await page.getByTestId('thumb-down').click();
    await page.getByTestId('feedback-comment').press('Escape');
    await page.getByTestId('feedback-panel').waitFor({ state: 'detached' });
    await pressed(page, 'down').waitFor();
    expect(asked().at(-1)).toEqual(['down', 'Sai rồi.']);
  });
});
