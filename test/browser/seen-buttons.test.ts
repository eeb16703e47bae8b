/** A button that has its place in the page can be seen there by somebody with a mouse that is elsewhere. */
import type { Page } from 'playwright-core';
import { refused } from '../support/scripted-server.ts';
import { shoot } from './chromium.ts';
import { describeOnStage } from './on-stage.ts';
import { tell } from './stage.ts';

/** Runs in the page. The actions of messages and of the listed chats wait for a near pointer; all others may not. */
const INVISIBLE = `[...document.querySelectorAll('button')].filter((button) => {
  const { width, height } = button.getBoundingClientRect();
  if (width === 0 || height === 0 || button.closest('[data-testid=message], [data-testid=session-item], [inert]') !== null) return false;
  let opacity = 1;
  for (let element = button; element !== null; element = element.parentElement) opacity *= Number(getComputedStyle(element).opacity);
  return opacity < 0.3;
}).map((button) => button.textContent.trim() || button.getAttribute('aria-label'))`;

describeOnStage('buttons', (on) => {
  const hidden = async (page: Page): Promise<string[]> => {
    await page.mouse.move(640, 2);
    return page.evaluate<string[]>(INVISIBLE);
  };

  it('U140 the way out of a chat that is not there can be seen', async () => {
    on.stage.server.handlers['session:open'] = () => refused('not-found');
    const { page } = await on.open();
    await page.getByRole('button', { name: 'Start a new chat' }).waitFor();
    expect(await hidden(page)).toEqual([]);
    await shoot(page, 'seen-not-found');
  });

  it('U140 the buttons of the feedback can be seen', async () => {
    tell(on.stage.session, 'Hello?', 'Hello.');
    on.stage.server.handlers['message:feedback'] = ({ rating }) => ({ ok: true, feedback: rating === null ? null : { rating } });
    const { page } = await on.open();
    await page.getByTestId('thumb-down').click();
    await page.getByTestId('feedback-say').waitFor();
    // By default the focus is inside, where it would show them.
    await page.evaluate('document.activeElement.blur()');
    expect(await hidden(page)).toEqual([]);
    await shoot(page, 'seen-feedback');
  });

  it('U140 the buttons of the settings and of the connection can be seen', async () => {
    const { page } = await on.open(on.stage.server.url);
    await page.getByTestId('badge').click();
    await page.getByTestId('disconnect').waitFor();
    await page.evaluate('document.activeElement.blur()');
    expect(await hidden(page)).toEqual([]);
    await page.getByTestId('badge').click();
    await page.getByTestId('connection-details').waitFor({ state: 'detached' });
    await page.getByTestId('settings').click();
    await page.getByLabel('Server address').fill('https://chat.example');
    await page.getByRole('button', { name: 'Use this server' }).waitFor();
    expect(await hidden(page)).toEqual([]);
    await shoot(page, 'seen-settings');
  });
});
