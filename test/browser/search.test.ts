/** Searching the chats and going to what was found, on a scripted server. */
import type { Page } from 'playwright-core';
import type { FoundSession, Message, Range, Session } from '../../src/protocol/wire.ts';
import { refused } from '../support/scripted-server.ts';
import { until } from '../support/until.ts';
import { shoot } from './chromium.ts';
import { describeOnStage, type OnStage } from './on-stage.ts';
import { tell } from './stage.ts';

describeOnStage('search', (on) => {
  const open = async (...where: Parameters<OnStage['open']>): Promise<Page> => (await on.open(...where)).page;
  const asked = () => on.stage.server.requestsNamed('session:search');
  const field = (page: Page) => page.getByTestId('search');
  const announced = (page: Page) => page.getByTestId('announcer').innerText();

  const hitOf = ({ id, position, role, createdAt }: Message, text: string, ...ranges: Range[]): FoundSession['hits'][number] => ({ messageId: id, position, role, createdAt, excerpt: { text, ranges } });
  const other: Session = { id: 'other1', title: 'Kế hoạch cuối tuần ở Hội An', createdAt: '2025-12-30T08:00:00.000Z', updatedAt: '2025-12-30T08:00:00.000Z', messageCount: 8, streaming: false };
  /** Thirty turns, with page of ten messages; the words are in an old one. */
  function fill(): Message {
    const { session, server } = on.stage;
    for (let i = 0; i < 30; i += 1) tell(session, `Question ${i}`, i === 8 ? `Trà xanh ở Đà Lạt, and ${'more words about tea. '.repeat(30)}` : `Answer ${i}. `.repeat(40));
    const PAGE = 10;
    server.handlers['session:open'] = (request) => ({ ...session.open(request), messages: session.path().slice(-PAGE), hasMore: true, before: String(session.path().at(-PAGE)?.position) }) as ReturnType<typeof session.open>;
    server.handlers['session:history'] = ({ before, limit = 50 }) => {
      const above = session.path().filter(({ position }) => position < Number(before));
      const messages = above.slice(-limit);
      return { ok: true, messages, hasMore: above.length > messages.length, before: String(messages[0]?.position) };
    };
    return session.messages[17]!;
  }
  function findTea(tea: Message): void {
    on.stage.server.handlers['session:search'] = () => ({
      ok: true,
      hasMore: false,
      found: [
        { session: on.stage.session.session, titleRanges: [], hits: [hitOf(tea, 'Trà xanh ở Đà Lạt, and more words about tea. more words about …', [0, 3], [11, 13], [14, 17])], moreHits: true },
        { session: other, titleRanges: [[25, 27]], hits: [], moreHits: false },
      ],
    });
  }

  it('U90 what is typed is looked for when the typing rests, and shown with its words marked', async () => {
    const tea = fill();
    findTea(tea);
    const page = await open(on.stage.server.url);
    await field(page).pressSequentially('tra da lat');
    await page.getByTestId('hit').waitFor();
    expect(asked().at(-1)).toEqual({ query: 'tra da lat' });
    expect(asked().length).toBeLessThan(5);
    expect(await page.getByTestId('results').locator('mark').allInnerTexts()).toEqual(['Trà', 'Đà', 'Lạt', 'An']);
    await until('the count to be told', async () => (await announced(page)) === '2 chats were found.');
    expect(await page.getByTestId('session-item').count()).toBe(0);
    await shoot(page, 'search-results');
    await shoot(await search(await open(on.stage.server.url, { colorScheme: 'dark' })), 'search-results-dark');
  });

  const search = async (page: Page, text = 'tra da lat'): Promise<Page> => {
    const menu = page.getByTestId('menu');
    if (await menu.isVisible()) await menu.click();
    await field(page).fill(text);
    await page.getByTestId('results').waitFor();
    await page.getByTestId('results').locator('[data-testid=hit], [data-testid=no-results], .note').first().waitFor();
    return page;
  };

  it('U90 on a phone the results fit, and choosing one shows the chat', async () => {
    findTea(fill());
    for (const [name, options] of Object.entries({
      'search-phone': { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true },
      'search-vietnamese': { viewport: { width: 360, height: 740 }, locale: 'vi-VN', hasTouch: true, isMobile: true },
    })) {
      const page = await search(await open(on.stage.server.url, options));
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      await shoot(page, name);
      await page.getByTestId('hit').tap();
      await page.locator('.marked').waitFor();
      await shoot(page, `${name}-chosen`);
    }
  });

  it('U91 a hit opens its chat at the message, which is marked for a moment and has the focus', async () => {
    const tea = fill();
    findTea(tea);
    const page = await search(await open(on.stage.server.url));
    await page.getByTestId('hit').click();
    await page.waitForURL(/\/s\/kelp00000001/);
    await page.locator(`.marked [data-message-id=${tea.id}]`).waitFor();
    expect(await page.evaluate('document.activeElement.textContent')).toContain('Trà xanh ở Đà Lạt');
    const seen = await page.locator(`[data-message-id=${tea.id}]`).evaluate((element: { getBoundingClientRect(): { top: number; bottom: number } }) => element.getBoundingClientRect());
    expect(seen.top).toBeLessThan(700);
    expect(seen.bottom).toBeGreaterThan(100);
    await shoot(page, 'search-marked');
    await page.locator('.marked').waitFor({ state: 'detached' });
    // The same once more, though the chat is open and the reader has gone elsewhere.
    await page.getByTestId('latest').click();
    await page.getByTestId('hit').click();
    await page.locator(`.marked [data-message-id=${tea.id}]`).waitFor();
  });

  it('U91 a hit of another version shows that version', async () => {
    const { session, server } = on.stage;
    tell(session, 'Question', 'The first answer about tea.');
    const [asking, first] = session.messages as [Message, Message];
    const second: Message = { ...first, id: 'second', position: 3, content: 'The second answer.', siblings: 2, versions: [first.id, 'second'] };
    session.append({ type: 'message.created', message: second });
    server.handlers['message:select'] = ({ messageId }) => {
      session.publish({ type: 'session.switched', tip: messageId });
      return { ok: true, tip: messageId };
    };
    server.handlers['session:search'] = () => ({ ok: true, hasMore: false, found: [{ session: session.session, titleRanges: [], hits: [hitOf(first, 'The first answer about tea.', [23, 26])], moreHits: false }] });
    const page = await open();
    await page.getByText('The second answer.').waitFor();
    await search(page, 'tea');
    await page.getByTestId('hit').click();
    await page.locator(`.marked [data-message-id=${first.id}]`).waitFor();
    expect(server.requestsNamed('message:select')).toEqual([{ sessionId: session.id, messageId: first.id }]);
    expect(asking.id).toBe(first.parentId);
  });

  it('U92 the keyboard goes from the field through the results and back; Escape clears and stops no reply', async () => {
    findTea(fill());
    on.stage.session.begin('And a long one', undefined, false);
    const page = await search(await open());
    await field(page).press('ArrowDown');
    expect(await page.evaluate('document.activeElement.className')).toContain('chat');
    await page.keyboard.press('ArrowDown');
    expect(await page.evaluate('document.activeElement.dataset.testid')).toBe('hit');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    expect(await page.evaluate('document.activeElement.dataset.testid')).toBe('search');
    await field(page).press('ArrowDown');
    await page.keyboard.press('Escape');
    expect(await field(page).inputValue()).toBe('');
    expect(await page.evaluate('document.activeElement.dataset.testid')).toBe('search');
    await page.getByTestId('session-item').first().waitFor();
    await search(page);
    await field(page).press('Escape');
    expect(await field(page).inputValue()).toBe('');
    await search(page);
    await field(page).press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.locator('.marked').waitFor();
    // Asked before the search that was answered, had it been.
    expect(on.stage.server.requestsNamed('message:cancel')).toEqual([]);
  });

  it('U92 nothing found says so, and a search that failed can be repeated', async () => {
    on.stage.server.handlers['session:search'] = () => ({ ok: true, found: [], hasMore: false });
    const page = await search(await open(on.stage.server.url), 'xyzzy');
    await page.getByText('Nothing was found for “xyzzy”.').first().waitFor();
    await until('it to be told', async () => (await announced(page)) === 'Nothing was found for “xyzzy”.');
    await shoot(page, 'search-nothing');
    on.stage.server.handlers['session:search'] = () => refused('unavailable');
    await field(page).fill('tea');
    await page.getByText('The search failed.').first().waitFor();
    on.stage.server.handlers['session:search'] = () => ({ ok: true, found: [{ session: other, titleRanges: [], hits: [], moreHits: false }], hasMore: false });
    await page.getByTestId('results').getByRole('button', { name: 'Try again' }).click();
    await page.getByTestId('result').waitFor();
  });
});
