/** What the app shows in states that are hard to bring about on purpose; a picture of each is kept. */
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { refused } from '../support/scripted-server.ts';
import { until } from '../support/until.ts';
import { shoot } from './chromium.ts';
import { describeOnStage, type OnStage } from './on-stage.ts';
import { ANSWER, openStage, tell } from './stage.ts';

const QUESTION = 'Write a small TypeScript function that retries a request with growing pauses, and explain it.';

describeOnStage('scenes', (on) => {
  const open = async (options: Parameters<OnStage['open']>[1] = {}, url = on.stage.url): Promise<Page> => {
    const { page, complaints } = await on.open(url, options);
    expect(complaints).toEqual([]);
    return page;
  };
  const last = (page: Page) => page.getByTestId('message').last();

  it('U1 an empty chat offers suggestions, in light and dark, on a wide screen and a phone', async () => {
    const page = await open({}, on.stage.server.url);
    await page.getByTestId('prompt').nth(3).waitFor();
    await shoot(page, 'empty-light');
    await shoot(await open({ colorScheme: 'dark' }, on.stage.server.url), 'empty-dark');
    await shoot(await open({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }, on.stage.server.url), 'empty-phone');
  });

  it('U2 a finished conversation reads well', async () => {
    tell(on.stage.session, QUESTION);
    for (const [name, options] of Object.entries({
      'conversation-light': {},
      'conversation-dark': { colorScheme: 'dark' },
      'conversation-phone': { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
      'conversation-narrow': { viewport: { width: 320, height: 640 } },
      'conversation-vietnamese': { locale: 'vi-VN' },
      'conversation-wide': { viewport: { width: 1920, height: 1080 } },
    } as const)) {
      const page = await open(options);
      await last(page).locator('table').waitFor();
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      await shoot(page, name);
    }
  });

  it('U3 waiting looks different from streaming, and streaming from done', async () => {
    const page = await open();
    await page.getByTestId('composer').fill(QUESTION);
    await page.getByTestId('composer').press('Enter');
    await page.locator('[data-state=waiting]').waitFor();
    await shoot(page, 'waiting');
    for (const piece of ANSWER.slice(0, 700).match(/[\s\S]{1,40}/g) ?? []) on.stage.session.delta(piece);
    await page.locator('[data-state=streaming] pre').waitFor();
    await shoot(page, 'streaming');
    on.stage.session.delta(ANSWER.slice(700));
    on.stage.session.end();
    await page.locator('[data-role=assistant][data-status=complete]').waitFor();
    await page.getByTestId('send').waitFor();
  });

  it('U4 a failed reply says why, and a cancelled and an interrupted one carry their marks', async () => {
    on.stage.session.begin('And one that fails?', undefined, false);
    on.stage.session.end('failed');
    const page = await open();
    await page.getByTestId('failed').waitFor();
    expect(await page.getByTestId('failed').innerText()).toContain('The model did not answer in time.');
    await shoot(page, 'failed');
    on.stage.session.begin('And one that is stopped?');
    on.stage.session.delta('The text so far stays as it is,');
    await page.getByTestId('stop').click();
    await page.getByTestId('mark').waitFor();
    expect(await page.getByTestId('mark').innerText()).toBe('[Cancelled]');
    expect(on.stage.session.messages.at(-1)?.content).toBe('The text so far stays as it is,');
    await shoot(page, 'cancelled');
    const vietnamese = await open({ locale: 'vi-VN' });
    await vietnamese.getByText('[Đã hủy]').waitFor();
    await shoot(vietnamese, 'cancelled-vietnamese');
  });

  it('U5 the badge tells the truth, and a deliberate disconnect stays one', async () => {
    tell(on.stage.session, QUESTION, 'A short answer.');
    const page = await open();
    await page.getByTestId('badge').click();
    await page.getByText('scripted-node-1').waitFor();
    await page.getByText(/\d ms/).waitFor();
    await shoot(page, 'connection-details');
    await page.getByTestId('disconnect').click();
    await page.locator('[data-testid=badge][data-state=off]').waitFor();
    await shoot(page, 'disconnected');
    on.stage.session.begin('Said in another tab', undefined, false);
    on.stage.session.lose('and answered there.');
    await page.getByTestId('connect').click();
    await page.getByText('and answered there.').waitFor();
  });

  it('U5 a lost connection is shown with a countdown, above a reply that will go on', async () => {
    const page = await open();
    on.stage.session.begin('Go on');
    on.stage.session.delta('The first half of the answer');
    await page.getByText('The first half').waitFor();
    on.stage.server.refuse = () => 'unavailable';
    on.stage.server.peers.forEach((peer) => peer.cut());
    await page.locator('[data-testid=badge][data-state=waiting]').waitFor();
    await page.getByTestId('away').waitFor();
    await page.getByTestId('composer').fill('Written while offline');
    await shoot(page, 'reconnecting');
    on.stage.session.lose(' and the second.');
    // The server refuses until after the click: a try of the page's own would take the button away under the pointer.
    await page.getByTestId('try-now').click();
    on.stage.server.refuse = () => undefined;
    await page.getByText('The first half of the answer and the second.').waitFor();
    await page.getByTestId('away').waitFor({ state: 'detached' });
  });

  it('U6 a refused message says why and can be taken back', async () => {
    on.stage.server.handlers['message:send'] = () => refused('too-large');
    const page = await open();
    await page.getByTestId('composer').fill('Too much');
    await page.getByTestId('composer').press('Enter');
    await page.locator('[data-testid=message][data-status=refused]').waitFor();
    await shoot(page, 'refused');
    await page.getByTestId('take-back').click();
    await page.getByTestId('message').waitFor({ state: 'detached' });
    expect(await page.getByTestId('composer').inputValue()).toBe('Too much');
  });

  it('U7 settings change language and theme at once and are kept', async () => {
    const page = await open({}, on.stage.server.url);
    await page.getByTestId('settings').click();
    await page.getByLabel('Tiếng Việt').check();
    await page.getByLabel('Tối').check();
    await page.locator('html[data-theme=dark]').waitFor();
    await shoot(page, 'settings');
    expect(await page.evaluate('document.documentElement.lang')).toBe('vi');
    await page.reload();
    await page.getByText('Bạn muốn biết điều gì?').waitFor();
    expect(await page.evaluate('[document.documentElement.lang, document.documentElement.dataset.theme].join()')).toBe('vi,dark');
    await shoot(page, 'empty-vietnamese-dark');
  });

  it('U28 another server can be used, once its address is one and something answers there', async () => {
    const other = await openStage();
    try {
      const page = await open({}, on.stage.server.url);
      await page.getByTestId('settings').click();
      const address = page.getByLabel('Server address');
      await address.fill('not an address');
      await page.keyboard.press('Enter');
      await page.getByText('This is not an address.').waitFor();
      await address.fill('http://127.0.0.1:9');
      await page.keyboard.press('Enter');
      await page.getByText('No chat server answers at this address.').waitFor();
      expect(other.server.handshakes).toEqual([]);
      await address.fill(`${other.server.url}/`);
      await page.keyboard.press('Enter');
      await until('the other server', () => other.server.peers.length === 1);
      await page.getByTestId('empty').waitFor();
      await page.getByTestId('prompt').first().click();
      await until('the message', () => other.server.requestsNamed('message:send').length === 1);
      await page.waitForURL(`${on.stage.server.url}/#/s/kelp00000001`);
      await page.reload();
      await page.locator('[data-state=waiting]').waitFor();
    } finally {
      await other.close();
    }
  });

  it('U8 with guests off the app says how to sign in, takes a token, and forgets it by “Sign out”', async () => {
    on.stage.server.guests.allowed = false;
    const { page } = await on.newPage();
    await page.goto(on.stage.server.url);
    await page.getByTestId('sign-in').waitFor();
    expect(await page.getByTestId('sign-in').getAttribute('href')).toBe('https://sign-in.example/start');
    await page.getByTestId('list-away').getByText('when you have signed in').waitFor();
    await shoot(page, 'sign-in');
    await page.getByTestId('token').fill('header.payload.signature');
    await page.getByTestId('token').press('Enter');
    await page.getByTestId('empty').waitFor();
    await until('the pasted token', () => on.stage.server.handshakes.at(-1)?.token === 'header.payload.signature');
    await page.getByTestId('settings').click();
    await page.getByLabel('Tiếng Việt').check();
    await page.getByRole('button', { name: 'Đăng xuất' }).waitFor();
    await page.getByLabel('English').check();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByTestId('sign-in').waitFor();
    expect(await page.evaluate('Object.keys(localStorage).filter((key) => key.startsWith("holdfast.token"))')).toEqual([]);
  });

  const choose = async (page: Page, action: string): Promise<void> => {
    await page.getByTestId('session-item').first().getByTestId('more').click();
    await page.getByTestId(action).click();
  };

  it('U9 chats are renamed from the list, and deleted after a while in which that can be undone', async () => {
    tell(on.stage.session, QUESTION, 'A short answer.');
    const page = await open();
    on.stage.server.handlers['session:rename'] = ({ title }) => ({ ok: true, session: { ...on.stage.session.session, title } });
    await page.getByTestId('session-item').first().getByTestId('more').click();
    await page.getByTestId('rename').waitFor();
    await shoot(page, 'chat-menu');
    await page.getByTestId('rename').click();
    await page.getByLabel('Title of the chat').fill('A better name');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'A better name' }).waitFor();
    const gone = page.locator(`[data-session-id=${on.stage.session.id}]`);
    await choose(page, 'delete');
    await gone.waitFor({ state: 'detached' });
    await page.getByTestId('empty').waitFor();
    await shoot(page, 'deleted');
    await page.getByTestId('toast-action').click();
    await page.getByText('A short answer.').waitFor();
    await gone.waitFor();
    expect(on.stage.server.requestsNamed('session:delete')).toEqual([]);
    await choose(page, 'delete');
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await until('the request', () => on.stage.server.requestsNamed('session:delete').length === 1);
    await page.waitForURL((url) => url.pathname === '/');
  });

  it('U142 a chat that is deleted goes from the other tab too, and comes back there with the undo', async () => {
    tell(on.stage.session, QUESTION, 'A short answer.');
    const page = await open();
    const other = await page.context().newPage();
    await other.goto(on.stage.server.url);
    const listed = other.locator(`[data-session-id=${on.stage.session.id}]`);
    await listed.waitFor();
    await choose(page, 'delete');
    await listed.waitFor({ state: 'detached' });
    await page.getByTestId('toast-action').click();
    await listed.waitFor();
  });

  it('U145 a title that could not be saved stays in its field, to be saved when it can be', async () => {
    const page = await open();
    on.stage.server.handlers['session:rename'] = ({ title }) => ({ ok: true, session: { ...on.stage.session.session, title } });
    await page.getByTestId('badge').click();
    await page.getByTestId('disconnect').click();
    await page.keyboard.press('Escape');
    await choose(page, 'rename');
    const field = page.getByLabel('Title of the chat');
    await field.fill('Written on a train');
    await page.keyboard.press('Enter');
    await page.getByTestId('toast').getByText('The chat was not renamed. There is no connection to the server.').waitFor();
    expect(await field.inputValue()).toBe('Written on a train');
    await until('the focus in the field', () => page.evaluate('document.activeElement.tagName === "INPUT"'));
    await shoot(page, 'rename-kept');
    await page.getByTestId('badge').click();
    await page.getByTestId('connect').click();
    await page.locator('[data-testid=badge][data-state=online]').waitFor();
    await field.press('Enter');
    await page.getByRole('heading', { name: 'Written on a train' }).waitFor();
    await field.waitFor({ state: 'detached' });
    expect(on.stage.server.requestsNamed('session:rename')).toHaveLength(1);
  });

  it('U60 a chat is exported as Markdown and as JSON, every page of its history', async () => {
    tell(on.stage.session, QUESTION, 'A short answer.');
    const [asked, answered] = on.stage.session.messages;
    on.stage.server.handlers['session:history'] = ({ before }) =>
      before === undefined ? { ok: true, messages: [answered!], hasMore: true, before: 'page-2' } : { ok: true, messages: [asked!], hasMore: false };
    const page = await open();
    const saved = async (action: string): Promise<[string, string]> => {
      const [download] = await Promise.all([page.waitForEvent('download'), choose(page, action)]);
      return [download.suggestedFilename(), await readFile(await download.path(), 'utf8')];
    };
    const [markdownName, markdown] = await saved('export-md');
    expect(markdownName).toBe('Retrying requests with backoff.md');
    expect(markdown).toMatch(new RegExp(`^# Retrying requests with backoff\n\n## You · .*2026.*\n\n${QUESTION.slice(0, 20)}[^]*## Assistant · [^]*A short answer.\n$`));
    const [jsonName, json] = await saved('export-json');
    expect(jsonName).toBe('Retrying requests with backoff.json');
    expect(JSON.parse(json)).toMatchObject({ session: { id: on.stage.session.id }, messages: [{ content: QUESTION }, { content: 'A short answer.' }] });
  });

  it('U146 of a chat that is not there, or not any more, the header says nothing new and offers no settings', async () => {
    const { server, session } = on.stage;
    const open = server.handlers['session:open'];
    server.handlers['session:open'] = () => refused('not-found');
    const page = (await on.open(`${server.url}/s/nothere00001`)).page;
    const header = async (): Promise<[string, number]> => [await page.locator('header h1').innerText(), await page.getByTestId('chat-settings').count()];
    await page.getByTestId('session-notice').getByText('There is no such chat').waitFor();
    expect(await header()).toEqual(['Conversation', 0]);

    tell(session, QUESTION, 'A short answer.');
    session.session.title = '';
    server.handlers['session:open'] = open;
    await page.goto(on.stage.url);
    await page.getByText('A short answer.').waitFor();
    expect(await header()).toEqual(['New chat', 1]);
    // Gone while nobody could say so.
    server.handlers['session:open'] = () => refused('not-found');
    server.peers.forEach((peer) => peer.cut());
    await page.getByTestId('session-notice').getByText('There is no such chat').waitFor();
    expect(await header()).toEqual(['Conversation', 0]);

    server.handlers['session:open'] = open;
    await page.reload();
    await page.getByText('A short answer.').waitFor();
    server.emit('sessions:changed', { sessionId: session.id, change: 'deleted' });
    await page.getByTestId('session-notice').getByText('This chat was deleted.').waitFor();
    expect(await header()).toEqual(['Conversation', 0]);
  });

  it('U10 a chat that is not there says so and leads on; the phone has its chats in a drawer', async () => {
    on.stage.server.handlers['session:open'] = () => refused('not-found');
    const page = await open({ viewport: { width: 360, height: 740 } });
    await page.getByTestId('session-notice').getByText('There is no such chat').waitFor();
    await shoot(page, 'not-found-phone');
    await page.getByTestId('menu').click();
    await page.getByTestId('session-item').first().waitFor();
    await shoot(page, 'drawer-phone');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Start a new chat' }).click();
    await page.getByTestId('empty').waitFor();
  });
});
