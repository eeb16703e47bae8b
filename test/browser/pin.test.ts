/** Pinned chats, on a scripted server. */
import type { Page } from 'playwright-core';
import type { Session } from '../../src/protocol/wire.ts';
import { until } from '../support/until.ts';
import { shoot } from './chromium.ts';
import { describeOnStage } from './on-stage.ts';

describeOnStage('pinned chats', (on) => {
  const day = (n: number): string => new Date(Date.now() - n * 86_400_000).toISOString();
  const chat = (id: string, title: string, days: number, pinned?: true): Session => ({ id, title, createdAt: day(days), updatedAt: day(days), messageCount: 2, streaming: false, ...(pinned && { pinned }) });
  let chats: Session[];
  beforeEach(() => {
    const { server } = on.stage;
    chats = [chat('old1', 'Recipes that worked', 300, true), chat('new1', 'Regular expressions for dates', 0), chat('new2', 'Kế hoạch cuối tuần ở Hội An', 0), chat('week', 'How a write-ahead log works', 40)];
    server.handlers['session:list'] = () => ({ ok: true, sessions: chats, hasMore: false });
    server.handlers['session:pin'] = ({ sessionId, pinned }) => {
      const { pinned: _before, ...session } = chats.find(({ id }) => id === sessionId)!;
      return { ok: true, session: { ...session, ...(pinned && { pinned }) } };
    };
  });
  const groups = (page: Page): Promise<string[]> => page.locator('nav section').evaluateAll((sections: { querySelectorAll(what: string): Iterable<{ textContent: string }> }[]) => sections.map((section) => [...section.querySelectorAll('h2, .title')].map(({ textContent }) => textContent.trim()).join(' | ')));
  const choose = async (page: Page, id: string, action: string): Promise<void> => {
    const item = page.locator(`[data-session-id=${id}]`);
    await item.getByTestId('more').click();
    await page.getByTestId(action).click();
  };

  it('U94 pinned chats stand above all others in a group of their own; pinning keeps the focus and is told', async () => {
    const { page } = await on.open(on.stage.server.url);
    expect((await groups(page))[0]).toBe('Pinned | Recipes that worked');
    await choose(page, 'new2', 'pin');
    await until('it to be pinned', async () => (await groups(page))[0] === 'Pinned | Kế hoạch cuối tuần ở Hội An | Recipes that worked');
    expect((await groups(page))[1]).toBe('Today | Regular expressions for dates');
    expect(await page.evaluate('document.activeElement.closest("[data-session-id]")?.dataset.sessionId')).toBe('new2');
    expect(await page.getByTestId('announcer').innerText()).toBe('“Kế hoạch cuối tuần ở Hội An” is pinned.');
    await page.mouse.move(800, 300);
    await shoot(page, 'pinned');
    await page.locator('[data-session-id=old1]').getByTestId('more').click();
    expect(await page.getByTestId('pin').innerText()).toBe('Unpin');
    await shoot(page, 'pinned-menu');
    await page.getByTestId('pin').click();
    await until('it to be back at its time', async () => (await groups(page)).at(-1)?.includes('Recipes that worked') === true);
    expect(on.stage.server.requestsNamed('session:pin')).toEqual([{ sessionId: 'new2', pinned: true }, { sessionId: 'old1', pinned: false }]);
  });
});
