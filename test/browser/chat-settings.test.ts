/** The settings of a chat, on a scripted server. */
import type { Page } from 'playwright-core';
import type { SessionSettings } from '../../src/protocol/wire.ts';
import { refused } from '../support/scripted-server.ts';
import { until } from '../support/until.ts';
import { shoot } from './chromium.ts';
import { describeOnStage } from './on-stage.ts';
import { tell } from './stage.ts';

describeOnStage('settings of a chat', (on) => {
  const asked = () => on.stage.server.requestsNamed('session:configure').map(({ settings }) => settings);
  /** As the real one does: merged, and told to every tab. */
  const accept = (): void => {
    on.stage.server.handlers['session:configure'] = ({ settings }) => {
      const merged = { ...on.stage.session.session.settings, ...settings };
      const kept = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null && value !== undefined)) as SessionSettings;
      on.stage.session.publish({ type: 'session.configured', settings: kept });
      return { ok: true, session: on.stage.session.session };
    };
  };
  const start = async (options = {}, url = on.stage.url): Promise<Page> => {
    const { page, complaints } = await on.open(url, options);
    expect(complaints).toEqual([]);
    return page;
  };
  const openDialog = async (page: Page): Promise<void> => {
    await page.getByTestId('chat-settings').click();
    await page.getByTestId('chat-settings-form').waitFor();
  };
  const form = (page: Page) => page.getByTestId('chat-settings-form');

  beforeEach(() => {
    on.stage.server.models = ['scripted-1', 'scripted-large-instruct-2026', 'scripted-small'];
    tell(on.stage.session, 'Hello?', 'Hello.');
    accept();
  });

  it('U100 model, temperature and system prompt are chosen, saved together, and seen in other tabs', async () => {
    const page = await start();
    const other = await start();
    await page.getByTestId('model').getByText('scripted-1').waitFor();
    await openDialog(page);
    expect(await page.getByTestId('chat-settings-save').isDisabled()).toBe(true);
    await shoot(page, 'chat-settings');
    await page.getByTestId('model-select').selectOption('scripted-small');
    await page.getByTestId('temperature').fill('0.3');
    expect(await page.getByTestId('temperature-value').innerText()).toBe('0.3');
    await page.getByTestId('system-prompt').fill('Answer in one line.');
    await shoot(page, 'chat-settings-changed');
    await page.getByTestId('chat-settings-save').click();
    await form(page).waitFor({ state: 'detached' });
    expect(asked()).toEqual([{ model: 'scripted-small', temperature: 0.3, systemPrompt: 'Answer in one line.' }]);
    for (const tab of [page, other]) await tab.getByTestId('model').getByText('scripted-small').waitFor();
    await openDialog(other);
    expect(await other.getByTestId('model-select').inputValue()).toBe('scripted-small');
    expect(await other.getByTestId('system-prompt').inputValue()).toBe('Answer in one line.');
  });

  it('U100 only what was touched is sent; back to the default is one click; what another tab saved meanwhile stays', async () => {
    on.stage.session.append({ type: 'session.configured', settings: { temperature: 1.5, systemPrompt: 'Old.' } });
    const page = await start();
    await openDialog(page);
    await page.getByTestId('temperature-default').click();
    expect(await page.getByTestId('temperature-value').innerText()).toBe('Default');
    on.stage.session.publish({ type: 'session.configured', settings: { temperature: 1.5, systemPrompt: 'New, by another tab.' } });
    await until('the other tab\'s text', async () => (await page.getByTestId('system-prompt').inputValue()) === 'New, by another tab.');
    await page.getByTestId('chat-settings-save').click();
    await form(page).waitFor({ state: 'detached' });
    expect(asked()).toEqual([{ temperature: null }]);
    expect(on.stage.session.session.settings).toEqual({ systemPrompt: 'New, by another tab.' });
  });

  it('U151 what is being changed here and was changed elsewhere meanwhile is said before it is replaced', async () => {
    const page = await start();
    await openDialog(page);
    const hint = page.getByTestId('settings-hint');
    await page.getByTestId('system-prompt').fill('Mine.');
    on.stage.session.publish({ type: 'session.configured', settings: { temperature: 0.2 } });
    await page.getByTestId('temperature-value').getByText('0.2').waitFor();
    expect(await hint.innerText()).toBe('Counts from the next reply on.');
    on.stage.session.publish({ type: 'session.configured', settings: { systemPrompt: 'Theirs.' } });
    await hint.getByText('Changed elsewhere meanwhile').waitFor();
    await shoot(page, 'chat-settings-overtaken');
    expect(await page.getByTestId('system-prompt').inputValue()).toBe('Mine.');
    await page.getByTestId('chat-settings-save').click();
    await form(page).waitFor({ state: 'detached' });
    expect(asked()).toEqual([{ systemPrompt: 'Mine.' }]);
    await openDialog(page);
    expect(await hint.innerText()).toBe('Counts from the next reply on.');
  });

  it('U101 a new chat is set before its first message', async () => {
    const page = await start({}, on.stage.server.url);
    await page.getByTestId('prompt').first().waitFor();
    await openDialog(page);
    await page.getByTestId('model-select').selectOption('scripted-small');
    await page.getByTestId('chat-settings-save').click();
    await form(page).waitFor({ state: 'detached' });
    expect(on.stage.server.requestsNamed('session:configure')).toEqual([{ sessionId: on.stage.session.id, settings: { model: 'scripted-small' } }]);
    await page.getByTestId('model').getByText('scripted-small').waitFor();
    await page.waitForURL((url) => url.pathname === `/s/${on.stage.session.id}`);
  });

  it('U102 with one model there is no choice and no name, and a list that cannot be had is no failure', async () => {
    on.stage.server.models = ['scripted-1'];
    const page = await start();
    await openDialog(page);
    expect(await page.getByTestId('model-select').count()).toBe(0);
    expect(await page.getByTestId('model').count()).toBe(0);
    expect(await page.getByTestId('temperature').count()).toBe(1);
    await shoot(page, 'chat-settings-one-model');
    on.stage.server.models = [];
    const without = await start();
    await openDialog(without);
    expect(await without.getByTestId('model-select').count()).toBe(0);
  });

  it('U103 a system prompt that is too long is counted and not sent; a refusal says why and keeps what was written', async () => {
    const page = await start();
    await openDialog(page);
    await page.getByTestId('system-prompt').fill('x'.repeat(8_002));
    expect(await page.getByTestId('prompt-count').innerText()).toBe('Too long by 2 characters');
    expect(await page.getByTestId('chat-settings-save').isDisabled()).toBe(true);
    await shoot(page, 'chat-settings-too-long');
    await page.getByTestId('system-prompt').fill('Short.');
    expect(await page.getByTestId('prompt-count').innerText()).toBe('6 of 8,000');
    on.stage.server.handlers['session:configure'] = () => refused('unavailable');
    await page.getByTestId('chat-settings-save').click();
    await page.getByTestId('settings-error').waitFor();
    await shoot(page, 'chat-settings-refused');
    expect(await page.getByTestId('system-prompt').inputValue()).toBe('Short.');
    on.stage.server.refuse = () => 'unavailable';
    on.stage.server.peers.forEach((peer) => peer.cut());
    await page.getByText('It can be saved when the connection is back').waitFor();
    expect(await page.getByTestId('chat-settings-save').isDisabled()).toBe(true);
    on.stage.server.refuse = () => undefined;
    accept();
    await page.getByText('Counts from the next reply on.').waitFor();
    await page.getByTestId('system-prompt').press('Control+Enter');
    await form(page).waitFor({ state: 'detached' });
  });

  it('U104 it is used by the keyboard alone, fits a phone, and speaks Vietnamese', async () => {
    const page = await start();
    await page.getByTestId('chat-settings').focus();
    await page.keyboard.press('Enter');
    await form(page).waitFor();
    await page.getByTestId('temperature').focus();
    await page.keyboard.press('ArrowLeft');
    expect(await page.getByTestId('temperature').getAttribute('aria-valuetext')).toBe('0.9');
    await page.keyboard.press('Escape');
    await form(page).waitFor({ state: 'detached' });
    expect(asked()).toEqual([]);
    await until('the focus to be back', () => page.evaluate('document.activeElement.dataset.testid === "chat-settings"'));
    on.stage.session.append({ type: 'session.configured', settings: { model: 'scripted-large-instruct-2026', temperature: 0.7, systemPrompt: 'Trả lời bằng tiếng Việt.' } });
    for (const [name, options] of Object.entries({ 'chat-settings-phone': { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true }, 'chat-settings-vietnamese': { locale: 'vi-VN' }, 'chat-settings-dark': { colorScheme: 'dark' } } as const)) {
      const each = await start(options);
      await each.getByTestId('model').waitFor();
      expect(await each.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      await shoot(each, `${name}-header`);
      await openDialog(each);
      expect(await each.evaluate('[...document.querySelectorAll("[role=dialog] *")].every((part) => part.getBoundingClientRect().right <= innerWidth)')).toBe(true);
      await shoot(each, name);
    }
  });
});
