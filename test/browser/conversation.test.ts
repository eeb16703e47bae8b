/** How the app behaves while somebody reads and writes, on a scripted server. */
import type { Page } from 'playwright-core';
import { until } from '../support/until.ts';
import { shoot } from './chromium.ts';
import { describeOnStage, type OnStage } from './on-stage.ts';
import { tell } from './stage.ts';

interface Shown {
  id: string;
  role: string;
  status: string;
  content: string;
}

/** What a scrolling element has; the tests know no DOM types. */
interface Pane {
  scrollTop: number;
  scrollHeight: number;
  clientHeight: number;
}

const LONG = Array.from({ length: 60 }, (_, i) => `Paragraph ${i} of a long answer that fills more than one screen.`).join('\n\n');

describeOnStage('conversation', (on) => {
  const open = async (...where: Parameters<OnStage['open']>): Promise<Page> => (await on.open(...where)).page;
  const shown = (page: Page): Promise<Shown[]> => page.evaluate<Shown[]>('window.__holdfast.messages()');
  const sends = () => on.stage.server.requestsNamed('message:send');
  /** Distance of the pane from its end, in px. */
  const fromEnd = (page: Page): Promise<number> =>
    page.getByTestId('pane').evaluate((pane: Pane) => Math.round(pane.scrollHeight - pane.scrollTop - pane.clientHeight));
  const scrollTop = (page: Page): Promise<number> => page.getByTestId('pane').evaluate((pane: Pane) => pane.scrollTop);

  it('U13 Enter sends, Shift+Enter makes a line, and an empty text is not sent', async () => {
    const page = await open(on.stage.server.url);
    const composer = page.getByTestId('composer');
    await composer.press('Enter');
    await composer.pressSequentially('First line');
    await composer.press('Shift+Enter');
    await composer.pressSequentially('second line');
    expect(sends()).toEqual([]);
    await composer.press('Enter');
    await until('the message', () => sends().length === 1);
    expect(sends()[0]?.content).toBe('First line\nsecond line');
    expect(await composer.inputValue()).toBe('');
    await page.waitForURL(/\/s\/kelp00000001/);
  });

  it('U14 a word that is being composed is never sent early', async () => {
    const page = await open();
    const composer = page.getByTestId('composer');
    await composer.pressSequentially('Xin ');
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Input.imeSetComposition', { text: 'chà', selectionStart: 3, selectionEnd: 3 });
    // As Chromium and Firefox tell it, and as Safari does, which ends the composition first.
    await composer.dispatchEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true });
    expect(await composer.inputValue()).toBe('Xin chà');
    await devtools.send('Input.insertText', { text: 'chào' });
    await composer.dispatchEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true });
    expect(await composer.inputValue()).toBe('Xin chào');
    expect(sends()).toEqual([]);
    await composer.press('Enter');
    await until('the message', () => sends().length === 1);
    expect(sends()[0]?.content).toBe('Xin chào');
  });

  it('U15 the composer grows with its text up to a limit', async () => {
    const page = await open();
    const composer = page.getByTestId('composer');
    const height = (): Promise<number> => composer.evaluate((area: Pane) => area.clientHeight);
    const one = await height();
    await composer.fill('a\nb\nc\nd');
    await until('more height', async () => (await height()) > one * 2);
    await composer.fill('line\n'.repeat(200));
    await until('a scroll bar instead', async () => (await height()) < 500 && (await height()) > 200);
    await shoot(page, 'composer-full');
    await composer.fill('');
    await until('one line again', async () => (await height()) === one);
  });

  it.each(['button', 'Escape'])('U16 Stop by %s ends the reply and keeps its text', async (way) => {
    const page = await open();
    const reply = on.stage.session.begin('Go on');
    on.stage.session.delta('Some text');
    await page.getByText('Some text').waitFor();
    if (way === 'button') await page.getByTestId('stop').click();
    else await page.keyboard.press('Escape');
    await page.getByTestId('mark').waitFor();
    expect(on.stage.server.requestsNamed('message:cancel')).toEqual([{ sessionId: on.stage.session.id, messageId: reply }]);
    expect((await shown(page)).at(-1)).toEqual({ id: reply, role: 'assistant', status: 'cancelled', content: 'Some text' });
    await page.getByTestId('send').waitFor();
  });

  it('U17 the view follows the end, stays where the reader scrolled up to, and comes back on request', async () => {
    const page = await open();
    on.stage.session.begin('Tell me more');
    on.stage.session.delta(LONG);
    await until('the end to be in view', async () => (await page.getByText('Paragraph 59').isVisible()) && (await fromEnd(page)) < 2);
    await page.getByTestId('pane').hover();
    await page.mouse.wheel(0, -900);
    await page.getByTestId('latest').waitFor();
    const place = await scrollTop(page);
    on.stage.session.delta(`\n\n${LONG}`);
    await until('the text to be there', async () => (await shown(page)).at(-1)?.content.length === LONG.length * 2 + 2);
    await until('it to be drawn', async () => (await fromEnd(page)) > 2_000);
    expect(await scrollTop(page)).toBe(place);
    await shoot(page, 'scrolled-up');
    await page.getByTestId('latest').click();
    await until('the end', async () => (await fromEnd(page)) < 2);
    on.stage.session.delta('\n\nThe very last words.');
    await page.getByText('The very last words.').waitFor();
    await until('the end again', async () => (await fromEnd(page)) < 2);
  });

  it('U18 older messages come when the reader nears the top, and the place is kept', async () => {
    for (let i = 0; i < 12; i += 1) tell(on.stage.session, `Question ${i}`, `Answer ${i}.\n\n${'Words. '.repeat(80)}`);
    const recent = on.stage.session.messages.slice(12);
    on.stage.server.handlers['session:open'] = (request) => {
      const reply = on.stage.session.open(request);
      return reply.ok && reply.messages !== undefined ? { ...reply, messages: recent, hasMore: true, before: 'page-2' } : reply;
    };
    let answer = (): void => {};
    on.stage.server.handlers['session:history'] = () =>
      new Promise((resolve) => (answer = () => resolve({ ok: true, messages: on.stage.session.messages.slice(0, 12), hasMore: false })));
    const page = await open();
    await page.getByText('Answer 11.').waitFor();
    expect(on.stage.server.requestsNamed('session:history')).toEqual([]);
    const placeOf = (text: string): Promise<number> => page.getByText(text, { exact: true }).evaluate((node: { getBoundingClientRect(): { top: number } }) => Math.round(node.getBoundingClientRect().top));
    await page.getByTestId('pane').evaluate((pane: Pane) => void (pane.scrollTop = 500));
    await until('the request', () => on.stage.server.requestsNamed('session:history').length === 1);
    const before = await placeOf('Question 6');
    answer();
    await until('the older messages', async () => (await shown(page)).length === on.stage.session.messages.length);
    expect(on.stage.server.requestsNamed('session:history')).toEqual([{ sessionId: on.stage.session.id, limit: 50, before: 'page-2' }]);
    expect(Math.abs((await placeOf('Question 6')) - before)).toBeLessThanOrEqual(2);
    expect((await shown(page)).map(({ id }) => id)).toEqual(on.stage.session.messages.map(({ id }) => id));
    await page.getByTestId('pane').evaluate((pane: Pane) => void (pane.scrollTop = 0));
    await page.getByText('Question 0', { exact: true }).waitFor();
  });

  it('U120 replies that are not drawn yet make a short list: no older messages are asked for until they are', async () => {
    for (let i = 0; i < 3; i += 1) tell(on.stage.session, `Question ${i}`, `Answer ${i}.\n\n${'Words. '.repeat(300)}`);
    on.stage.server.handlers['session:open'] = (request) => {
      const reply = on.stage.session.open(request);
      return reply.ok && reply.messages !== undefined ? { ...reply, hasMore: true, before: 'page-2' } : reply;
    };
    const { page } = await on.newPage();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route('**/assets/renderer-*.js', async (route) => (await held, route.continue()));
    await page.goto(on.stage.url);
    await page.getByText('Question 2', { exact: true }).waitFor();
    // Plain at last: the heights are there.
    await page.getByText('Answer 2.').waitFor();
    expect(on.stage.server.requestsNamed('session:history')).toEqual([]);
    release();
    await page.locator('.markdown:not(.plain)').last().waitFor();
    await until('the end', async () => (await fromEnd(page)) < 2);
    expect(on.stage.server.requestsNamed('session:history')).toEqual([]);
  });

  it('U65 of 10,000 messages only those near to what is seen are in the page, wherever the reader scrolls', async () => {
    for (let i = 0; i < 5_000; i += 1) tell(on.stage.session, `Question ${i}`, `Answer ${i}.\n\n- **one** of ${i}\n- two\n\n\`\`\`ts\nlet a = ${i};\n\`\`\``);
    const page = await open();
    const drawn = (): Promise<number> => page.getByTestId('message').count();
    await page.getByText('Answer 4999.').waitFor();
    await until('the end', async () => (await fromEnd(page)) < 2);
    expect(await drawn()).toBeLessThan(40);
    for (const share of [0.5, 0.1, 0, 0.9]) {
      await page.getByTestId('pane').evaluate((pane: Pane, part) => void (pane.scrollTop = pane.scrollHeight * part), share);
      const near = Math.max(0, Math.round(5_000 * share) - 1);
      await until(`something near ${near}`, async () => {
        const texts = await page.getByTestId('message').allInnerTexts();
        return texts.some((text) => Math.abs(Number(/Question (\d+)/.exec(text)?.[1] ?? -1_000) - near) < 250);
      });
      expect(await drawn()).toBeLessThan(60);
    }
    on.stage.session.begin('And now?');
    await page.getByTestId('latest').click();
    await until('the end', async () => (await fromEnd(page)) < 2);
    on.stage.session.delta('The end.');
    await page.getByTestId('pane').getByText('The end.').waitFor();
  });

  it('U148 a low view has no line about keys, and has the one that matters', async () => {
    const { page } = await on.open(on.stage.url, { viewport: { width: 1000, height: 700 } });
    const hint = page.getByText('Enter sends, Shift + Enter makes a new line');
    await hint.waitFor();
    await page.setViewportSize({ width: 1000, height: 420 });
    await hint.waitFor({ state: 'hidden' });
    await shoot(page, 'low-view');
    await page.getByTestId('badge').click();
    await page.getByTestId('disconnect').click();
    await page.getByText('Not connected: what you send waits').waitFor();
  });

  it('U11 a finished block is not drawn again while the reply grows', async () => {
    const page = await open();
    on.stage.session.begin('Go on');
    on.stage.session.delta('The first paragraph.\n\n```js\nlet x = 1;\n```\n\nThe last');
    await page.getByText('The last').waitFor();
    await page.evaluate('document.querySelector(".markdown pre").dataset.kept = "yes"');
    for (let i = 0; i < 20; i += 1) on.stage.session.delta(` word${i}`);
    await page.getByText('word19').waitFor();
    expect(await page.locator('pre[data-kept=yes]').count()).toBe(1);
    on.stage.session.end();
    await page.locator('[data-status=complete][data-role=assistant]').waitFor();
    expect(await page.locator('pre[data-kept=yes]').count()).toBe(1);
  });

  it('U12 hostile text stays text, links open apart, and no image is loaded', async () => {
    const hostile = '<img src=x onerror="window.hit=1"> <script>window.hit=1</script> [bad](javascript:window.hit=1) [good](https://example.com) ![pic](https://example.com/pixel.png)';
    tell(on.stage.session, hostile, hostile);
    const page = await open();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    const good = page.getByRole('link', { name: 'good' });
    await good.waitFor();
    expect(await good.getAttribute('rel')).toContain('noopener');
    expect(await good.getAttribute('target')).toBe('_blank');
    expect(await page.getByRole('link', { name: 'Image: pic' }).getAttribute('href')).toBe('https://example.com/pixel.png');
    expect(await page.locator('img, main script').count()).toBe(0);
    expect(await page.evaluate('window.hit')).toBeUndefined();
    expect(await page.locator('a[href^="javascript"]').count()).toBe(0);
    expect(asked.filter((url) => url.includes('example.com'))).toEqual([]);
  });

  it('U19 a reload comes back to the same chat, also in the middle of a reply; back and forward work', async () => {
    const page = await open();
    const reply = on.stage.session.begin('Go on');
    on.stage.session.delta('The first half');
    await page.getByText('The first half').waitFor();
    await page.reload();
    on.stage.session.delta(' and the second.');
    await page.getByText('The first half and the second.').waitFor();
    expect((await shown(page)).at(-1)).toMatchObject({ id: reply, content: on.stage.session.textOf(reply) });
    await page.getByTestId('new-chat').click();
    await page.getByTestId('empty').waitFor();
    await page.goBack();
    await page.getByText('The first half and the second.').waitFor();
    await page.goForward();
    await page.getByTestId('empty').waitFor();
  });

  it('U20 two tabs show the same, and what is written offline is sent once when back', async () => {
    const first = await open();
    const second = await open();
    await second.getByTestId('badge').click();
    await second.getByTestId('disconnect').click();
    await second.getByTestId('composer').fill('Written offline');
    await second.getByTestId('composer').press('Enter');
    await second.getByText('Waits for the connection').waitFor();
    await shoot(second, 'sent-offline');
    await second.getByTestId('badge').click();
    await second.getByTestId('connect').click();
    await until('the message', () => sends().length === 1);
    on.stage.session.delta('Heard you.');
    on.stage.session.end();
    for (const page of [first, second]) await page.getByTestId('pane').getByText('Heard you.').waitFor();
    expect(await shown(first)).toEqual(await shown(second));
    expect(sends()).toHaveLength(1);
  });

  it('U21 the whole app can be used with the keyboard alone', async () => {
    tell(on.stage.session, 'Hello', 'Hello to you.');
    const page = await open(on.stage.server.url);
    const focused = (): Promise<string> => page.evaluate<string>('document.activeElement.getAttribute("data-testid") ?? document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent.trim()');
    await page.locator('[data-testid=session-item]').first().waitFor();
    await page.evaluate('document.activeElement.blur()');
    const seen = new Set<string>();
    for (let i = 0; i < 40 && !seen.has('composer'); i += 1) {
      await page.keyboard.press('Tab');
      seen.add(await focused());
      if ((await focused()) !== 'badge') continue;
      await page.keyboard.press('Enter');
      await until('the details to have the focus', async () => (await focused()) === 'disconnect');
      seen.add('disconnect');
      await page.keyboard.press('Escape');
      await until('the focus to be back', async () => (await focused()) === 'badge');
    }
    await page.getByTestId('session-item').first().getByTestId('more').focus();
    await page.keyboard.press('Enter');
    for (const action of ['rename', 'pin', 'share', 'export-md', 'export-json', 'delete']) {
      await until(`${action} to have the focus`, async () => (await focused()) === action);
      await page.keyboard.press('ArrowDown');
    }
    await page.keyboard.press('Escape');
    await until('the focus to be back', async () => (await focused()) === 'more');
    expect([...seen]).toEqual(expect.arrayContaining(['Skip to the conversation', 'new-chat', 'more', 'settings', 'badge', 'disconnect', 'prompt', 'composer']));
    await shoot(page, 'keyboard');
  });

  it('U22 what happens is told to screen readers, once', async () => {
    const page = await open();
    const told = page.getByTestId('announcer');
    on.stage.session.begin('Go on');
    await page.getByText('The assistant begins to answer.').waitFor({ state: 'attached' });
    on.stage.session.delta('All done.');
    on.stage.session.end();
    await until('the end to be told', async () => (await told.innerText()) === 'The assistant answered: All done.');
  });
});
