/** Sharing a chat and reading a shared one, on a scripted server. */
import { AxeBuilder } from '@axe-core/playwright';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Page } from 'playwright-core';
import { wireError, type ErrorCode } from '../../src/protocol/errors.ts';
import type { Session, SharedReply } from '../../src/protocol/wire.ts';
import { refused } from '../support/scripted-server.ts';
import { until } from '../support/until.ts';
import { shoot } from './chromium.ts';
import { describeOnStage, type OnStage } from './on-stage.ts';
import { ANSWER, tell } from './stage.ts';

const PHONE = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true };
const axe = async (page: Page): Promise<string[]> => {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
};

describeOnStage('sharing', (on) => {
  const { of, requests } = { of: (page: Page, id: string) => page.getByTestId(id), requests: () => on.stage.server.requests.filter(({ name }) => name.includes('share')).map(({ name }) => name) };
  let shared: Session;
  let moment = 0;
  beforeEach(() => {
    const { server, session } = on.stage;
    tell(session, 'Write a small TypeScript function that retries a request.');
    shared = { ...session.session };
    moment = 0;
    server.handlers['session:list'] = () => ({ ok: true, sessions: [shared], hasMore: false });
    server.handlers['session:share'] = () => {
      const createdAt = new Date(Date.UTC(2026, 0, 2, 9, (moment += 5))).toISOString();
      shared = { ...shared, share: { id: 'Sh4reId', createdAt } };
      return { ok: true, shareId: 'Sh4reId', path: '/#/share/Sh4reId', createdAt, session: shared };
    };
    server.handlers['session:unshare'] = () => {
      const { share: _revoked, ...rest } = shared;
      shared = rest;
      return { ok: true, session: shared };
    };
  });
  const openDialog = async (...where: Parameters<OnStage['open']>): Promise<Page> => {
    const { page } = await on.open(...where);
    if (await of(page, 'menu').isVisible()) await of(page, 'menu').click();
    await of(page, 'more').first().click();
    await of(page, 'share').click();
    await page.getByRole('dialog').waitFor();
    return page;
  };

  it('U96 a link is made, copied, updated and revoked in one dialog, by keyboard alone', async () => {
    const page = await openDialog();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await of(page, 'share-create').waitFor();
    await shoot(page, 'share-new');
    expect(await axe(page)).toEqual([]);
    await of(page, 'share-create').focus();
    await page.keyboard.press('Enter');
    await of(page, 'share-link').waitFor();
    const link = `${on.stage.server.url}/#/share/Sh4reId`;
    expect(await of(page, 'share-link').inputValue()).toBe(link);
    await until('the focus on the link', () => page.evaluate('document.activeElement.dataset.testid === "share-link"'));
    expect(await page.getByRole('dialog').getByRole('status').innerText()).toBe('The link was created.');
    await page.keyboard.press('Tab');
    await Promise.all([of(page, 'share-copy').getByText('Copied').waitFor(), page.keyboard.press('Enter')]);
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(link);
    expect(await of(page, 'share-update').isDisabled()).toBe(true);
    await shoot(page, 'share-made');
    expect(await axe(page)).toEqual([]);
    shared = { ...shared, updatedAt: new Date(Date.UTC(2026, 0, 3)).toISOString() };
    on.stage.server.emit('sessions:changed', { sessionId: shared.id, change: 'updated', session: shared });
    await page.getByText('The chat has changed since.').waitFor();
    await shoot(page, 'share-older');
    await of(page, 'share-update').click();
    await until('it to be updated', () => moment === 10);
    await of(page, 'share-revoke').click();
    await of(page, 'share-create').waitFor();
    await until('the focus on what is there', () => page.evaluate('document.activeElement.dataset.testid === "share-create"'));
    expect(await page.getByRole('dialog').getByRole('status').innerText()).toBe('The link was revoked. It shows nothing any more.');
    expect(requests()).toEqual(['session:share', 'session:share', 'session:unshare']);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await until('the focus back at the chat', () => page.evaluate('document.activeElement.dataset.testid === "more"'));
  });

  it('U96 what failed says why, and the dialog fits a phone, in Vietnamese and in the dark', async () => {
    on.stage.server.handlers['session:share'] = () => refused('unavailable');
    const page = await openDialog();
    await of(page, 'share-create').click();
    await page.getByRole('alert').getByText('The server is not available right now.').waitFor();
    await shoot(page, 'share-failed');
    shared = { ...shared, share: { id: 'Sh4reId', createdAt: new Date(Date.UTC(2026, 0, 2)).toISOString() } };
    const phone = await openDialog(on.stage.url, { ...PHONE, locale: 'vi-VN', colorScheme: 'dark' });
    await of(phone, 'share-link').waitFor();
    expect(await phone.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await shoot(phone, 'share-phone-vietnamese-dark');
  });

  it('U97 where sharing is off there is no such entry, but what was shared can be revoked', async () => {
    on.stage.server.sharing = false;
    const { page } = await on.open();
    await of(page, 'more').first().click();
    await of(page, 'rename').waitFor();
    expect(await of(page, 'share').count()).toBe(0);
    shared = { ...shared, share: { id: 'Sh4reId', createdAt: new Date(Date.UTC(2026, 0, 2)).toISOString() } };
    const other = await openDialog();
    await other.getByText('This server does not allow links').waitFor();
    await of(other, 'share-revoke').click();
    await until('it to be revoked', () => requests().includes('session:unshare'));
    expect(await of(other, 'share-create').count()).toBe(0);
  });

  describe('the public page', () => {
    const AT = '2026-01-02T09:05:00.000Z';
    const message = (role: 'user' | 'assistant', content: string, status: SharedReply['messages'][number]['status'] = 'complete'): SharedReply['messages'][number] => ({ role, content, status, createdAt: AT });
    let messages: SharedReply['messages'];
    let failing: ErrorCode | null;
    let asked: IncomingMessage[];
    const PAGE = 4;
    beforeEach(() => {
      asked = [];
      failing = null;
      const files = [{ name: 'requirements.md', type: 'text/markdown', bytes: 2_400 }, { name: `${'a-very-long-name-'.repeat(8)}.png`, type: 'image/png', bytes: 83 }];
      messages = [{ ...message('user', 'Write a small TypeScript function that retries a request.'), files }, message('assistant', `<think>Think first.</think>${ANSWER}`), message('user', 'And <b>one</b> more?'), message('assistant', 'This one', 'cancelled'), message('user', 'Again?'), message('assistant', '', 'failed')];
      const app = on.stage.server.http;
      on.stage.server.http = (request, response) => {
        if (!request.url?.startsWith('/api/shares/')) return app(request, response);
        asked.push(request);
        answer(request, response);
        return true;
      };
    });
    function answer(request: IncomingMessage, response: ServerResponse): void {
      const after = Number(new URL(request.url ?? '', 'http://x').searchParams.get('after'));
      const body = failing === null
        ? { title: 'Retrying requests with backoff', createdAt: AT, messages: messages.slice(after, after + PAGE), total: messages.length, hasMore: messages.length > after + PAGE }
        : { error: wireError(failing, 'scripted') };
      response.writeHead(failing === null ? 200 : failing === 'not-found' ? 404 : 503, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    }
    const visit = async (options: Parameters<OnStage['newPage']>[0] = {}): Promise<{ page: Page; complaints: string[] }> => {
      const opened = await on.newPage(options);
      await opened.page.goto(`${on.stage.server.url}/#/share/Sh4reId`);
      return opened;
    };

    it('U98 shows the messages read-only, page by page, without a token or a connection', async () => {
      const { page, complaints } = await visit();
      await page.locator('table').waitFor();
      expect(await page.getByRole('heading', { level: 1 }).first().innerText()).toBe('Retrying requests with backoff');
      expect(await page.locator('[data-role]').count()).toBe(PAGE);
      expect(await page.locator('[data-role=user]').nth(1).innerText()).toContain('And <b>one</b> more?');
      await page.getByText('[Cancelled]').waitFor();
      expect(await page.getByRole('list', { name: 'Files sent with it' }).innerText()).toMatch(/requirements.md\s+2.4 kB/);
      await shoot(page, 'shared');
      expect(await axe(page)).toEqual([]);
      await page.getByRole('button', { name: 'Show more messages' }).click();
      await page.getByText('[Not answered]').waitFor();
      expect(await page.locator('[data-role]').count()).toBe(6);
      expect(await page.getByRole('textbox').count()).toBe(0);
      expect(await page.title()).toBe('Retrying requests with backoff – Holdfast');
      expect(asked.map(({ url, headers }) => [url, headers.authorization, headers.cookie])).toEqual([['/api/shares/Sh4reId?after=0', undefined, undefined], ['/api/shares/Sh4reId?after=4', undefined, undefined]]);
      expect([on.stage.server.handshakes, await page.evaluate('Object.keys(localStorage).filter((key) => key.includes("token"))')]).toEqual([[], []]);
      expect(complaints).toEqual([]);
    });

    it('U98 fits a phone, in Vietnamese and in the dark', async () => {
      for (const [name, options] of Object.entries({ 'shared-phone': { ...PHONE, locale: 'vi-VN' }, 'shared-dark': { colorScheme: 'dark' } as const })) {
        const { page } = await visit(options);
        await page.locator('table').waitFor();
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
        await shoot(page, name);
        expect(await axe(page)).toEqual([]);
      }
    });

    it('U98 a link that leads nowhere says so in clear words, and leads on', async () => {
      failing = 'not-found';
      const { page } = await visit();
      await page.getByTestId('shared-gone').waitFor();
      expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Nothing is shared here');
      await shoot(page, 'shared-gone');
      expect(await axe(page)).toEqual([]);
      await page.getByRole('link', { name: 'Start a chat of your own' }).click();
      await page.getByTestId('composer').waitFor();
    });

    it('U98 a failure says why and can be tried again; the app goes to a link that is put in its address', async () => {
      failing = 'unavailable';
      const { page } = await visit();
      await page.getByTestId('shared-failed').waitFor();
      failing = null;
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.locator('table').waitFor();
      const { page: app } = await on.open();
      await app.evaluate('location.hash = "#/share/Sh4reId"');
      await app.getByTestId('shared-messages').waitFor();
    });
  });
});
