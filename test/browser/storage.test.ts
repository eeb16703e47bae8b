/** A browser that keeps nothing more, or nothing at all; on a scripted server. */
import type { Page } from 'playwright-core';
import { acceptVersions } from '../support/scripted-versions.ts';
import { until } from '../support/until.ts';
import { launchForbidding, shoot } from './chromium.ts';
import { describeOnStage } from './on-stage.ts';
import { tell } from './stage.ts';

describeOnStage('storage', (on) => {
  const sends = () => on.stage.server.requestsNamed('message:send');
  const online = (page: Page): Promise<void> => page.locator('[data-testid=badge][data-state=online]').waitFor();
  const write = async (page: Page, text: string): Promise<void> => {
    await page.getByTestId('composer').fill(text);
    await page.getByTestId('composer').press('Enter');
  };
  /** To the last character. */
  const fill = (page: Page): Promise<void> =>
    page.evaluate(`(() => {
      for (let size = 1 << 20, i = 0; size >= 1; ) {
        try { localStorage.setItem('fill' + i++, 'x'.repeat(size)); } catch { size >>= 1; }
      }
    })()`);

  it('U130 with a full storage a message is sent and a version made all the same, and the reader is told once', async () => {
    acceptVersions(on.stage.server, on.stage.session);
    tell(on.stage.session, 'Hello', 'Hello to you.');
    const { page } = await on.open(on.stage.url, { viewport: { width: 390, height: 844 } });
    await fill(page);
    await write(page, 'No room for this');
    await until('the message', () => sends().length === 1);
    on.stage.session.delta('But an answer.');
    on.stage.session.end();
    await page.getByTestId('pane').getByText('But an answer.').waitFor();
    expect(await page.getByTestId('composer').inputValue()).toBe('');
    await page.getByTestId('toast').filter({ hasText: 'storage is full' }).waitFor();
    await shoot(page, 'storage-full-phone');
    await page.getByTestId('toast').getByLabel('Dismiss').click();
    await page.getByTestId('regenerate').last().click();
    await until('the version', () => on.stage.server.requestsNamed('message:regenerate').length === 1);
    on.stage.session.delta('Another one.');
    on.stage.session.end();
    await page.getByTestId('pane').getByText('Another one.').waitFor();
    await write(page, 'Nor for that');
    await until('the second message', () => sends().length === 2);
    expect(await page.getByTestId('toast').count()).toBe(0);
  });

  it('U131 a page that opens on a full storage knows the reader, their chats and their settings', async () => {
    tell(on.stage.session, 'Hello', 'Hello to you.');
    const { page } = await on.open();
    await page.getByTestId('settings').click();
    await page.getByLabel('Larger').check();
    await page.getByTestId('settings-close').click();
    await fill(page);
    await page.reload();
    await online(page);
    await page.getByText('Hello to you.').waitFor();
    expect([on.stage.server.guests.made, new Set(on.stage.server.handshakes.map(({ token }) => token)).size]).toEqual([1, 1]);
    expect(await page.evaluate('document.documentElement.style.fontSize')).toBe('131.25%');
    await write(page, 'Still me');
    await until('the message', () => sends().length === 1);
  });

  it('U132 where the browser forbids storage the app works, and forgets with the page', async () => {
    tell(on.stage.session, 'Hello', 'Hello to you.');
    const { context, close } = await launchForbidding();
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(8_000);
      const errors: string[] = [];
      page.on('pageerror', ({ message }) => errors.push(message));
      await page.goto(on.stage.url);
      expect(await page.evaluate('(() => { try { return typeof localStorage; } catch (error) { return error.name; } })()')).toBe('SecurityError');
      await online(page);
      await page.getByText('Hello to you.').waitFor();
      await write(page, 'Nothing is kept');
      await until('the message', () => sends().length === 1);
      on.stage.session.delta('Nor does it have to be.');
      on.stage.session.end();
      await page.getByTestId('pane').getByText('Nor does it have to be.').waitFor();
      await page.getByTestId('composer').fill('A draft');
      await page.getByTestId('new-chat').click();
      await page.getByTestId('empty').waitFor();
      expect(await page.getByTestId('composer').inputValue()).toBe('');
      await page.goBack();
      await until('the draft', async () => (await page.getByTestId('composer').inputValue()) === 'A draft');
      await page.getByTestId('settings').click();
      await page.getByLabel('Dark').check();
      await page.getByTestId('settings-close').click();
      expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark');
      expect(await page.getByTestId('toast').count()).toBe(0);
      await page.reload();
      await online(page);
      expect([await page.evaluate('document.documentElement.dataset.theme ?? ""'), await page.getByTestId('composer').inputValue()]).toEqual(['', '']);
      expect(errors).toEqual([]);
    } finally {
      await close();
    }
  });
});
