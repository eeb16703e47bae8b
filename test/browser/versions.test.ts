/** Versions of replies and of messages, as a reader makes them and goes from one to another; on a scripted server. */
import type { Page } from 'playwright-core';
import { MAX_VERSIONS } from '../../src/protocol/limits.ts';
import type { ClientEventName } from '../../src/protocol/wire.ts';
import { refused } from '../support/scripted-server.ts';
import { acceptVersions, type ScriptedVersions } from '../support/scripted-versions.ts';
import { until } from '../support/until.ts';
import { shoot } from './chromium.ts';
import { describeOnStage, type OnStage } from './on-stage.ts';
import { ANSWER, tell } from './stage.ts';

const LONG = Array.from({ length: 60 }, (_, i) => `Paragraph ${i} of a long answer that fills more than one screen.`).join('\n\n');
const PHONE = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true };

/** What the tests need of an element; they know no DOM types. */
interface Placed {
  getBoundingClientRect(): { top: number; left: number; right: number; width: number; height: number };
}

describeOnStage('versions', (on) => {
  let versions: ScriptedVersions;
  beforeEach(() => {
    versions = acceptVersions(on.stage.server, on.stage.session);
  });

  const open = async (...where: Parameters<OnStage['open']>): Promise<Page> => (await on.open(...where)).page;
  const asked = <N extends ClientEventName>(name: N) => on.stage.server.requestsNamed(name);
  const finish = (text: string): void => {
    on.stage.session.delta(text);
    on.stage.session.end();
  };
  const replies = (page: Page) => page.locator('[data-testid=message][data-role=assistant]');
  const questions = (page: Page) => page.locator('[data-testid=message][data-role=user]');
  const focused = (page: Page): Promise<string> => page.evaluate<string>('document.activeElement.getAttribute("data-testid") ?? document.activeElement.tagName');
  const opacity = (page: Page, selector: string): Promise<number> => page.evaluate<number>(`Number(getComputedStyle(document.querySelector(${JSON.stringify(selector)})).opacity)`);
  const count = (page: Page, text: string): Promise<void> => page.getByTestId('version-count').filter({ hasText: text }).first().waitFor();
  const cutOff = (): void => {
    on.stage.server.refuse = () => 'unavailable';
    on.stage.server.peers.forEach((peer) => peer.cut());
  };
  const again = (messageId: string, text: string): void => {
    versions.make('regenerate', { sessionId: on.stage.session.id, messageId, clientMessageId: `again-${messageId}` });
    finish(text);
  };
  /** A turn whose reply has two versions; the second is shown. */
  const twoReplies = (question: string, first: string, second: string): void => again(tell(on.stage.session, question, first), second);

  it('U76 a reply is regenerated beside what it was, and both tabs show it', async () => {
    const reply = tell(on.stage.session, 'Hello', 'The first answer.');
    const page = await open();
    const other = await open();
    await replies(page).getByTestId('regenerate').click();
    await page.locator('[data-state=waiting]').waitFor();
    expect(asked('message:regenerate')).toMatchObject([{ sessionId: on.stage.session.id, messageId: reply }]);
    await until('the focus to be where Stop is', async () => (await focused(page)) === 'composer');
    finish('The second answer.');
    for (const tab of [page, other]) {
      await tab.getByTestId('pane').getByText('The second answer.').waitFor();
      await count(tab, '2/2');
      expect(await tab.getByText('The first answer.').count()).toBe(0);
    }
    await shoot(page, 'versions');
  });

  it('U76 a new version in the middle takes the place of what followed, and is followed as it grows', async () => {
    const middle = tell(on.stage.session, 'One', 'The answer in the middle.');
    tell(on.stage.session, 'Two', LONG);
    const page = await open();
    await page.getByText('Paragraph 59').waitFor();
    await page.getByTestId('pane').evaluate((pane: { scrollTop: number }) => void (pane.scrollTop = 0));
    const reply = page.locator(`[data-message-id=${middle}]`);
    await reply.hover();
    await reply.getByTestId('regenerate').click();
    await page.locator('[data-state=waiting]').waitFor();
    on.stage.session.delta(LONG);
    await page.getByText('Paragraph 59').waitFor();
    await until('its end to be seen', () => page.getByTestId('pane').evaluate((pane: { scrollTop: number; scrollHeight: number; clientHeight: number }) => pane.scrollHeight - pane.scrollTop - pane.clientHeight < 2));
    on.stage.session.end();
    await count(page, '2/2');
    expect(await page.getByText('Two', { exact: true }).count()).toBe(0);
  });

  it('U77 the arrows go from version to version, in all tabs; place and focus stay at the arrow', async () => {
    twoReplies('Hello', `The first answer.\n\n${LONG}`, 'The second answer.');
    const page = await open();
    const other = await open();
    const previous = page.getByTestId('version-previous');
    await count(page, '2/2');
    // On a slow machine heights come late.
    await (await page.context().newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: 6 });
    expect(await page.getByTestId('version-next').getAttribute('aria-disabled')).toBe('true');
    await previous.focus();
    await page.keyboard.press('Enter');
    for (const tab of [page, other]) {
      await tab.getByText('Paragraph 59').waitFor();
      await count(tab, '1/2');
    }
    await until('the announcement', async () => (await page.getByTestId('announcer').innerText()) === 'Version 1 of 2');
    expect(await focused(page)).toBe('version-previous');
    expect(await previous.getAttribute('aria-disabled')).toBe('true');
    await until('what is out of sight to go', async () => (await questions(page).count()) === 0);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    for (const tab of [page, other]) await count(tab, '2/2');
    await questions(page).waitFor();
    expect(await focused(page)).toBe('version-next');
    expect(asked('message:select')).toHaveLength(2);
  });

  it('U77 in the middle of a chat the pressed arrow stays under the pointer, whatever the heights', async () => {
    tell(on.stage.session, 'Before', LONG);
    const first = tell(on.stage.session, 'Hello', `A tall answer.\n\n${ANSWER}`);
    tell(on.stage.session, 'After', LONG);
    again(first, 'A short answer.');
    tell(on.stage.session, 'After', LONG);
    const page = await open();
    await page.getByText('Paragraph 59').last().waitFor();
    const arrows = page.locator('[data-testid=message]', { hasText: 'A short answer.' }).getByTestId('version-previous');
    await page.getByTestId('pane').evaluate((pane: { scrollTop: number; scrollHeight: number }) => void (pane.scrollTop = pane.scrollHeight / 2));
    await arrows.scrollIntoViewIfNeeded();
    const top = (arrow: typeof arrows): Promise<number> => arrow.evaluate((node: Placed) => node.getBoundingClientRect().top);
    // To click scrolls once more when something covers it: what counts is where it is when it is pressed.
    await page.evaluate('addEventListener("click", ({ target }) => (globalThis.pressedAt = target.closest("button").getBoundingClientRect().top), { capture: true, once: true })');
    await arrows.click();
    const before = Number(await page.evaluate('pressedAt'));
    await page.getByText('A tall answer.').waitFor({ state: 'attached' });
    const moved = page.getByTestId('version-next').first();
    // A height that comes in one frame is made up for in the next.
    let inPlace = 0;
    await until('the arrow to be where it was, and to stay', async () => {
      inPlace = Math.abs((await top(moved)) - before) < 3 ? inPlace + 1 : 0;
      return inPlace === 20;
    });
  });

  it('U77 an edited message has arrows, too: its first text brings back all that followed', async () => {
    tell(on.stage.session, 'The first question', 'The first answer.');
    tell(on.stage.session, 'Thanks', 'You are welcome.');
    const page = await open();
    await questions(page).first().hover();
    await questions(page).first().getByTestId('edit').click();
    await page.getByTestId('edit-text').fill('The second question');
    await page.getByTestId('edit-send').click();
    await until('the request', () => asked('message:edit').length === 1);
    finish('Another answer.');
    await count(page, '2/2');
    expect(await questions(page).allInnerTexts()).toEqual([expect.stringContaining('The second question')]);
    await shoot(page, 'edited');
    await page.getByTestId('version-previous').click();
    await page.getByText('You are welcome.').waitFor();
    await count(page, '1/2');
    expect(await questions(page).allInnerTexts()).toEqual([expect.stringContaining('The first question'), expect.stringContaining('Thanks')]);
  });

  it.each(['cancelled', 'interrupted', 'failed'] as const)('U78 a %s reply is continued from its text', async (outcome) => {
    const reply = on.stage.session.begin('Go on', undefined, false);
    on.stage.session.lose('The first half');
    on.stage.session.end(outcome);
    const page = await open();
    await page.getByTestId('continue').click();
    await page.locator('[data-state=streaming]').getByText('The first half').waitFor();
    expect(asked('message:continue')).toMatchObject([{ messageId: reply }]);
    finish(' and the second.');
    await page.getByTestId('pane').getByText('The first half and the second.').waitFor();
    await count(page, '2/2');
    expect(await page.getByTestId('continue').count()).toBe(0);
    await page.getByTestId('version-previous').click();
    await page.getByTestId('continue').waitFor();
    await shoot(page, `continue-${outcome}`);
  });

  it('U78 a finished reply, or one without a word, has nothing to continue', async () => {
    tell(on.stage.session, 'Hello', 'All of it.');
    on.stage.session.begin('And?', undefined, false);
    on.stage.session.end('cancelled');
    const page = await open();
    await page.getByTestId('mark').waitFor();
    await replies(page).last().getByTestId('regenerate').waitFor();
    expect(await page.getByTestId('continue').count()).toBe(0);
    expect(await replies(page).last().getByTestId('copy').count()).toBe(0);
  });

  describe('editing', () => {
    const edit = async (page: Page): Promise<void> => {
      await questions(page).first().hover();
      await questions(page).first().getByTestId('edit').click();
      await until('the text to have the focus', async () => (await focused(page)) === 'edit-text');
    };

    it('U79 a message is edited in its place; Escape leaves it as it was and gives the focus back', async () => {
      tell(on.stage.session, 'Hello', 'Hello to you.');
      const page = await open();
      await edit(page);
      const area = page.getByTestId('edit-text');
      expect(await area.inputValue()).toBe('Hello');
      expect(await page.getByTestId('edit-send').isDisabled()).toBe(true);
      await page.keyboard.type(' there');
      await shoot(page, 'editing');
      await page.keyboard.press('Escape');
      await page.getByTestId('edit-form').waitFor({ state: 'detached' });
      await until('the focus to be back', async () => (await focused(page)) === 'edit');
      expect(await questions(page).innerText()).toContain('Hello');
      await page.keyboard.press('Enter');
      await until('the text again', async () => (await focused(page)) === 'edit-text');
      expect(await area.inputValue()).toBe('Hello');
      expect(asked('message:edit')).toEqual([]);
    });

    it('U79 the reader’s send key sends it, Ctrl+Enter always, and a word being composed never early', async () => {
      tell(on.stage.session, 'Xin', 'Chào bạn.');
      const page = await open();
      await edit(page);
      const area = page.getByTestId('edit-text');
      await page.keyboard.press('Enter');
      await page.keyboard.press('Shift+Enter');
      await page.keyboard.type('chà');
      await area.dispatchEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true });
      await area.dispatchEvent('keydown', { key: 'Escape', isComposing: true, bubbles: true });
      await area.dispatchEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true });
      await area.dispatchEvent('keydown', { key: 'Escape', keyCode: 229, bubbles: true });
      expect(await area.inputValue()).toBe('Xin\nchà');
      await page.keyboard.type('o');
      expect(asked('message:edit')).toEqual([]);
      await page.keyboard.press('Enter');
      await until('the request', () => asked('message:edit').length === 1);
      finish('Chào.');
      await count(page, '2/2');
      await page.evaluate(`localStorage.setItem('holdfast.settings', JSON.stringify({ sendWith: 'ctrl-enter' }))`);
      await page.reload();
      await page.getByText('Chào.').waitFor();
      await edit(page);
      await page.keyboard.press('Enter');
      await page.keyboard.type('nhé');
      expect(asked('message:edit')).toHaveLength(1);
      await page.keyboard.press('Control+Enter');
      await until('the second request', () => asked('message:edit').length === 2);
      expect(asked('message:edit').map(({ content }) => content)).toEqual(['Xin\nchào', 'Xin\nchào\nnhé']);
    });

    it('U79 what is being edited survives a reload, and does not stop a reply', async () => {
      tell(on.stage.session, 'Hello', 'Hello to you.');
      const page = await open();
      await edit(page);
      await page.keyboard.type(', my friend');
      await page.reload();
      await page.getByTestId('edit-form').waitFor();
      expect(await page.getByTestId('edit-text').inputValue()).toBe('Hello, my friend');
      on.stage.session.begin('Said elsewhere');
      on.stage.session.delta('A reply that comes meanwhile');
      await page.getByText('A reply that comes meanwhile').waitFor();
      await page.getByTestId('edit-text').press('Enter');
      await page.getByTestId('toast').getByText('Wait until the reply has ended').waitFor();
      expect(await page.getByTestId('edit-text').inputValue()).toBe('Hello, my friend');
      await page.getByTestId('edit-text').press('Escape');
      await page.getByTestId('edit-form').waitFor({ state: 'detached' });
      expect([asked('message:edit'), asked('message:cancel')]).toEqual([[], []]);
    });
  });

  it('U80 a failed reply says why, and its button makes another', async () => {
    on.stage.session.begin('Hello', undefined, false);
    on.stage.session.end('failed');
    const page = await open();
    await page.getByTestId('failed').getByText('The model did not answer in time.').first().waitFor();
    await page.getByTestId('failed').getByTestId('regenerate').click();
    await page.locator('[data-state=waiting]').waitFor();
    finish('Here it is.');
    await page.getByTestId('pane').getByText('Here it is.').waitFor();
    await count(page, '2/2');
    await page.getByTestId('version-previous').click();
    await page.getByTestId('failed').waitFor();
    expect(on.stage.server.requestsNamed('message:send')).toEqual([]);
  });

  describe('waiting', () => {
    it('U81 while a version is on its way the others wait and say why, and there is a way out', async () => {
      twoReplies('Hello', 'The first answer.', 'The second answer.');
      on.stage.server.handlers['message:regenerate'] = () => null;
      const page = await open();
      await replies(page).getByTestId('regenerate').click();
      await page.getByTestId('version-waiting').getByText('Asking for another version').waitFor();
      await shoot(page, 'version-waiting');
      for (const action of ['regenerate', 'version-previous']) expect(await page.getByTestId(action).getAttribute('title')).toBe('Another version is on its way.');
      await page.getByTestId('version-previous').click({ force: true });
      await page.getByTestId('toast').getByText('Another version is on its way.').waitFor();
      expect(asked('message:select')).toEqual([]);
      await page.getByTestId('withdraw').click();
      await page.getByTestId('version-waiting').waitFor({ state: 'detached' });
      expect(await page.getByTestId('regenerate').getAttribute('aria-disabled')).toBeNull();
      await replies(page).getByTestId('regenerate').click();
      await page.getByTestId('version-waiting').waitFor();
      await page.keyboard.press('Escape');
      await page.getByTestId('version-waiting').waitFor({ state: 'detached' });
    });

    it('U81 while a reply streams nothing else can be asked for', async () => {
      twoReplies('Hello', 'The first answer.', 'The second answer.');
      const page = await open();
      on.stage.session.begin('Go on');
      on.stage.session.delta('Some text');
      await page.getByText('Some text').waitFor();
      await replies(page).first().hover();
      for (const action of ['regenerate', 'version-previous']) {
        await replies(page).first().getByTestId(action).click({ force: true });
        await page.getByTestId('toast').getByText('Wait until the reply has ended').waitFor();
        await page.getByRole('button', { name: 'Dismiss' }).click();
      }
      expect([asked('message:regenerate'), asked('message:select')]).toEqual([[], []]);
    });

    it('U81 without a connection it says that it waits, and goes once when the connection is back', async () => {
      tell(on.stage.session, 'Hello', 'The first answer.');
      const page = await open();
      cutOff();
      await page.getByTestId('try-now').waitFor();
      await replies(page).getByTestId('regenerate').click();
      await page.getByTestId('version-waiting').getByText('Waits for the connection').waitFor();
      await shoot(page, 'version-offline');
      expect(asked('message:regenerate')).toEqual([]);
      on.stage.server.refuse = () => undefined;
      await page.locator('[data-state=waiting][data-role=assistant]').waitFor();
      expect(asked('message:regenerate')).toHaveLength(1);
    });

    /** A page whose edit of its only question waits for the connection. */
    const editedOffline = async (): Promise<Page> => {
      tell(on.stage.session, 'Hello', 'The first answer.');
      const page = await open();
      cutOff();
      await page.getByTestId('try-now').waitFor();
      await questions(page).hover();
      await questions(page).getByTestId('edit').click();
      await page.getByTestId('edit-text').fill('Hello there');
      await page.getByTestId('edit-text').press('Enter');
      await page.getByTestId('version-waiting').waitFor();
      return page;
    };

    it('U81 an edit that waits for the connection is made once after a reload, and leaves no open edit behind', async () => {
      const page = await editedOffline();
      await page.reload();
      on.stage.server.refuse = () => undefined;
      await page.locator('[data-state=waiting][data-role=assistant]').waitFor();
      finish('The second answer.');
      await questions(page).getByText('Hello there').waitFor();
      await questions(page).hover();
      await page.getByTestId('version-previous').first().click();
      await questions(page).getByText('Hello', { exact: true }).waitFor();
      expect(await page.getByTestId('edit-text').count()).toBe(0);
      expect(asked('message:edit')).toHaveLength(1);
    });

    it('U81 an edit on its way shows what it will say, and comes back with its text when taken back', async () => {
      const page = await editedOffline();
      expect(await questions(page).innerText()).toContain('Hello there');
      await page.getByTestId('withdraw').click();
      expect(await page.getByTestId('edit-text').inputValue()).toBe('Hello there');
      expect(asked('message:edit')).toEqual([]);
    });
  });

  it('U82 what is refused says so in words, and an edit keeps its text', async () => {
    twoReplies('Hello', 'The first answer.', 'The second answer.');
    for (const name of ['message:regenerate', 'message:edit', 'message:select'] as const) on.stage.server.handlers[name] = () => refused('not-found');
    const page = await open();
    await replies(page).getByTestId('regenerate').click();
    await page.getByTestId('toast').getByText('The new version was not made. The message it belongs to is not there any more.').waitFor();
    await shoot(page, 'version-refused');
    await page.getByTestId('version-previous').click();
    await page.getByTestId('toast').getByText('The other version could not be shown.').waitFor();
    await count(page, '2/2');
    await questions(page).hover();
    await questions(page).getByTestId('edit').click();
    await page.getByTestId('edit-text').fill('Hello there');
    await page.getByTestId('edit-send').click();
    await until('the refusal', () => asked('message:edit').length === 1);
    await page.getByTestId('edit-form').waitFor();
    expect(await page.getByTestId('edit-text').inputValue()).toBe('Hello there');
    await page.getByTestId('edit-cancel').click();
    cutOff();
    await page.getByTestId('try-now').waitFor();
    await page.getByTestId('version-previous').click();
    await page.getByTestId('toast').getByText('There is no connection to the server.').waitFor();
  });

  it('U82 past the limit of versions it says so, and asks for nothing', async () => {
    const reply = tell(on.stage.session, 'Hello', 'The first answer.');
    const names = [...Array.from({ length: MAX_VERSIONS - 1 }, (_, index) => `other${index}`), reply];
    Object.assign(on.stage.session.messages.find(({ id }) => id === reply)!, { siblings: MAX_VERSIONS, versions: names });
    const page = await open();
    await count(page, '100/100');
    await replies(page).getByTestId('regenerate').click();
    await page.getByTestId('toast').getByText('There are 100 versions of this already').waitFor();
    expect(asked('message:regenerate')).toEqual([]);
  });

  it('U83 a reply names its model and its tokens when asked', async () => {
    const reply = tell(on.stage.session, 'Hello', 'The first answer.');
    const page = await open();
    await replies(page).getByTestId('copy').waitFor();
    expect(await page.getByTestId('info').count()).toBe(0);
    Object.assign(on.stage.session.messages.find(({ id }) => id === reply)!, { model: 'kelp-large-2', usage: { inputTokens: 1_234, outputTokens: 56 } });
    await page.reload();
    await page.getByTestId('info').click();
    const panel = page.getByTestId('reply-info');
    for (const text of ['kelp-large-2', '1,234', '56']) await panel.getByText(text, { exact: true }).waitFor();
    await shoot(page, 'reply-info');
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    await until('the focus to be back', async () => (await focused(page)) === 'info');
  });

  it('U84 the actions are there for a near pointer and the keyboard, always at the newest reply and under a finger', async () => {
    tell(on.stage.session, 'One', 'The **first** answer.');
    tell(on.stage.session, 'Two', 'The second answer.');
    const page = await open();
    const [, first] = on.stage.session.messages;
    const copy = `[data-message-id=${first!.id}] [data-testid=copy]`;
    await page.locator(copy).waitFor({ state: 'attached' });
    await page.mouse.move(0, 0);
    expect(await opacity(page, copy)).toBe(0);
    expect(await opacity(page, `[data-message-id=${on.stage.session.messages[3]!.id}] [data-testid=copy]`)).toBe(1);
    await page.locator(copy).focus();
    expect(await opacity(page, copy)).toBe(1);
    await page.getByTestId('composer').focus();
    await page.getByText('The first answer.').hover();
    expect(await opacity(page, copy)).toBe(1);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.locator(copy).click();
    await until('the Markdown', async () => (await page.evaluate('navigator.clipboard.readText()')) === 'The **first** answer.');
    const phone = await open(on.stage.url, PHONE);
    await phone.locator(copy).waitFor({ state: 'attached' });
    expect(await opacity(phone, copy)).toBe(1);
  });

  it('U84 on 320 px all of them fit, and are large enough for a finger', async () => {
    twoReplies('Write a small TypeScript function that retries a request with growing pauses, and explain it.', 'The first answer.', 'The second');
    const last = on.stage.session.begin('And one that is stopped?', undefined, false);
    on.stage.session.lose('The text so far');
    on.stage.session.end('cancelled');
    versions.make('regenerate', { sessionId: on.stage.session.id, messageId: last, clientMessageId: 'again' });
    on.stage.session.delta('The text so far is another one');
    on.stage.session.end('cancelled');
    Object.assign(on.stage.session.messages.at(-1)!, { model: 'kelp-large-2', usage: { inputTokens: 1_234, outputTokens: 56 } });
    for (const [name, options] of Object.entries({ 'versions-phone': PHONE, 'versions-phone-vietnamese': { ...PHONE, locale: 'vi-VN', colorScheme: 'dark' } } as const)) {
      const page = await open(on.stage.url, options);
      await page.getByTestId('continue').waitFor();
      await shoot(page, name);
      const boxes = await page.locator('.message-actions button').evaluateAll((buttons: Placed[]) => buttons.map((button) => button.getBoundingClientRect()).map(({ left, right, width, height }) => ({ left, right, width, height })));
      expect(boxes.length).toBeGreaterThan(8);
      for (const { left, right, width, height } of boxes) expect([left >= 0, right <= 320, width >= 24, height >= 24]).toEqual([true, true, true, true]);
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      await questions(page).last().getByTestId('edit').tap();
      await page.getByTestId('edit-text').waitFor();
      await shoot(page, `${name}-editing`);
    }
  });
});
