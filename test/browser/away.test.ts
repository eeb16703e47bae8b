/** What is written while the connection, or the sign-in, is away, on a scripted server. */
import type { Page } from 'playwright-core';
import { until } from '../support/until.ts';
import { shoot } from './chromium.ts';
import { describeOnStage, type OnStage } from './on-stage.ts';
import { fakeToken, refused } from '../support/scripted-server.ts';
import { tell } from './stage.ts';

describeOnStage('away', (on) => {
  const open = async (...where: Parameters<OnStage['open']>): Promise<Page> => (await on.open(...where)).page;
  const sends = () => on.stage.server.requestsNamed('message:send');
  const cutOff = (): void => {
    on.stage.server.refuse = () => 'unavailable';
    on.stage.server.peers.forEach((peer) => peer.cut());
  };
  const write = async (page: Page, text: string): Promise<void> => {
    await page.getByTestId('composer').fill(text);
    await page.getByTestId('composer').press('Enter');
  };
  /** A page on a chat with one reply, where `text` was written without a connection. */
  const writtenOffline = async (text: string): Promise<Page> => {
    tell(on.stage.session, 'Hello', 'Hello to you.');
    const page = await open();
    cutOff();
    await page.getByTestId('try-now').waitFor();
    await write(page, text);
    return page;
  };

  it('U66 messages written while away wait where they are seen, survive a reload, and are sent once, in order', async () => {
    tell(on.stage.session, 'Hello', 'Hello to you.');
    const page = await open(on.stage.url, { viewport: { width: 390, height: 844 } });
    cutOff();
    await page.getByTestId('try-now').waitFor();
    await write(page, 'First');
    await page.getByTestId('send').waitFor();
    await write(page, 'Second');
    await page.getByText('Waits for the connection').nth(1).waitFor();
    await shoot(page, 'queued-phone');
    await page.reload();
    await page.getByTestId('message').filter({ hasText: 'Second' }).waitFor();
    on.stage.server.refuse = () => undefined;
    await until('the first', () => sends().length === 1);
    on.stage.session.delta('One.');
    on.stage.session.end();
    await until('the second', () => sends().length === 2);
    on.stage.session.delta('Two.');
    on.stage.session.end();
    expect(sends().map(({ content }) => content)).toEqual(['First', 'Second']);
    await page.getByTestId('pane').getByText('Two.').waitFor();
    await page.reload();
    await page.getByTestId('pane').getByText('Two.').waitFor();
    expect(sends()).toHaveLength(2);
  });

  it('U143 a chat opened without a connection says that it is shown later, as does the list, and both come by themselves', async () => {
    tell(on.stage.session, 'Hello', 'Hello to you.');
    const page = await open(on.stage.url);
    cutOff();
    await page.reload();
    await page.getByTestId('session-notice').getByText('Not connected. This chat is shown when the connection is back.').waitFor();
    await page.getByTestId('list-away').waitFor();
    await page.getByRole('heading', { name: 'Conversation' }).waitFor();
    expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0);
    expect(await page.getByTestId('chat-settings').count()).toBe(0);
    await shoot(page, 'unseen-chat');
    on.stage.server.refuse = () => undefined;
    await page.getByText('Hello to you.').waitFor();
    await page.getByRole('heading', { name: 'Retrying requests with backoff' }).waitFor();
    await page.getByTestId('session-item').first().waitFor();
    expect(await page.getByTestId('list-away').count()).toBe(0);
  });

  it('U144 a message that waits in a chat not seen yet stands below that word, with the way to take it back', async () => {
    tell(on.stage.session, 'Hello', 'Hello to you.');
    const page = await open(on.stage.url, { viewport: { width: 390, height: 844 } });
    cutOff();
    await page.getByTestId('try-now').waitFor();
    await write(page, 'Written away');
    await page.reload();
    await page.getByText('This chat is shown when the connection is back.').waitFor();
    await page.getByTestId('message').filter({ hasText: 'Written away' }).waitFor();
    await shoot(page, 'unseen-chat-message-phone');
    await page.getByTestId('take-back').click();
    expect(await page.getByTestId('composer').inputValue()).toBe('Written away');
    await page.getByRole('button', { name: 'Start a new chat' }).waitFor();
    on.stage.server.refuse = () => undefined;
    await page.getByText('Hello to you.').waitFor();
    expect(sends()).toEqual([]);
  });

  it('U144 a version that waits there says so and is taken back, an edit with its text', async () => {
    tell(on.stage.session, 'Hello', 'Hello to you.');
    const page = await open(on.stage.url);
    await page.getByTestId('regenerate').waitFor();
    cutOff();
    await page.getByTestId('try-now').waitFor();
    await page.getByTestId('regenerate').click();
    await page.getByTestId('version-waiting').waitFor();
    await page.reload();
    await page.getByTestId('version-waiting').getByText('Another version of a reply waits for the connection.').waitFor();
    await shoot(page, 'unseen-chat-version');
    await page.getByTestId('withdraw').click();
    await page.getByTestId('version-waiting').waitFor({ state: 'detached' });
    on.stage.server.refuse = () => undefined;
    await page.getByText('Hello to you.').waitFor();
    expect(on.stage.server.requestsNamed('message:regenerate')).toEqual([]);

    await page.locator('.bubble').hover();
    await page.getByTestId('edit').click();
    await page.getByTestId('edit-text').fill('Hello again');
    cutOff();
    await page.getByTestId('try-now').waitFor();
    await page.getByTestId('edit-send').click();
    await page.getByTestId('version-waiting').waitFor();
    await page.reload();
    await page.getByText('A message you changed waits for the connection.').waitFor();
    await page.getByTestId('withdraw').click();
    on.stage.server.refuse = () => undefined;
    await page.getByTestId('edit-text').waitFor();
    expect(await page.getByTestId('edit-text').inputValue()).toBe('Hello again');
    expect(on.stage.server.requestsNamed('message:edit')).toEqual([]);
  });

  it('U66 a new chat begun without a connection survives a reload, too', async () => {
    const page = await open(on.stage.server.url);
    cutOff();
    await page.getByTestId('try-now').waitFor();
    await write(page, 'Begun offline');
    await page.getByTestId('message').filter({ hasText: 'Begun offline' }).waitFor();
    await page.reload();
    await page.getByTestId('message').filter({ hasText: 'Begun offline' }).waitFor();
    on.stage.server.refuse = () => undefined;
    await until('the message', () => sends().length === 1);
    await page.waitForURL(/\/s\/kelp00000001/);
    expect(sends()).toMatchObject([{ content: 'Begun offline' }]);
  });

  it('U67 a draft belongs to its chat and survives a reload, another chat, and the end of the sign-in', async () => {
    tell(on.stage.session, 'Hello', 'Hello to you.');
    const page = await open();
    const composer = page.getByTestId('composer');
    await composer.fill('Half a thought');
    await page.getByTestId('new-chat').click();
    await page.getByTestId('empty').waitFor();
    expect(await composer.inputValue()).toBe('');
    await composer.fill('Another one');
    await page.goBack();
    await until('the draft', async () => (await composer.inputValue()) === 'Half a thought');
    await page.reload();
    await until('the draft again', async () => (await composer.inputValue()) === 'Half a thought');
    await page.getByText('Hello to you.').waitFor();
    on.stage.server.guests.allowed = false;
    on.stage.server.refuse = () => 'unauthenticated';
    on.stage.server.peers.forEach((peer) => peer.cut());
    await page.getByTestId('sign-in-notice').waitFor();
    expect(await composer.inputValue()).toBe('Half a thought');
    await page.getByText('Hello to you.').waitFor();
    await shoot(page, 'sign-in-ended');
    await page.getByTestId('sign-in-again').click();
    await page.getByTestId('token').fill(fakeToken('guest-1'));
    on.stage.server.refuse = () => undefined;
    await page.getByTestId('token').press('Enter');
    await page.locator('[data-testid=badge][data-state=online]').waitFor();
    await page.getByTestId('sign-in-notice').waitFor({ state: 'detached' });
    await composer.press('Enter');
    await until('the message', () => sends().length === 1);
    expect(sends()[0]?.content).toBe('Half a thought');
    await page.reload();
    await page.getByTestId('pane').waitFor();
    expect(await composer.inputValue()).toBe('');
  });

  it('U67 what is written while a new chat comes to be goes with it', async () => {
    const page = await open(on.stage.server.url);
    cutOff();
    await page.getByTestId('try-now').waitFor();
    await write(page, 'Begun offline');
    await page.getByTestId('message').filter({ hasText: 'Begun offline' }).waitFor();
    const composer = page.getByTestId('composer');
    await composer.fill('And what I say next');
    on.stage.server.refuse = () => undefined;
    await page.waitForURL(/\/s\/kelp00000001/);
    expect(await composer.inputValue()).toBe('And what I say next');
    await page.reload();
    await page.getByTestId('message').filter({ hasText: 'Begun offline' }).waitFor();
    expect(await composer.inputValue()).toBe('And what I say next');
    await page.getByTestId('new-chat').click();
    await page.getByTestId('empty').waitFor();
    expect(await composer.inputValue()).toBe('');
  });

  it('U121 what waits for a chat that was deleted is shown there, and taken into a new one', async () => {
    const page = await writtenOffline('For a chat that is gone');
    await page.getByTestId('composer').fill('And half a thought');
    on.stage.server.handlers['session:open'] = () => refused('not-found');
    on.stage.server.refuse = () => undefined;
    await page.getByTestId('unsent').getByText('For a chat that is gone').waitFor();
    await shoot(page, 'unsent-of-a-deleted-chat');
    await page.reload();
    await page.getByTestId('unsent').getByText('For a chat that is gone').waitFor();
    await page.getByTestId('take-along').click();
    await page.getByTestId('empty').waitFor();
    expect(await page.getByTestId('composer').inputValue()).toBe('For a chat that is gone\nAnd half a thought');
    expect([sends(), new URL(page.url()).pathname]).toEqual([[], '/']);
    await page.goBack();
    await page.getByTestId('session-notice').getByText('There is no such chat').waitFor();
    expect(await page.getByTestId('unsent').count()).toBe(0);
  });

  it('U150 who is in another chat is told of a message that cannot be sent, and led to it', async () => {
    const page = await writtenOffline('For a chat that is gone');
    await page.getByTestId('new-chat').first().click();
    await page.getByTestId('empty').waitFor();
    const { 'session:open': openIt } = on.stage.server.handlers;
    on.stage.server.handlers['session:open'] = (request, peer) => (request.sessionId === on.stage.session.id ? refused('not-found') : openIt(request, peer));
    on.stage.server.refuse = () => undefined;
    const toast = page.getByTestId('toast');
    await toast.getByText('could not be sent').waitFor();
    await shoot(page, 'stranded');
    await toast.getByTestId('toast-action').click();
    await page.getByTestId('unsent').getByText('For a chat that is gone').waitFor();
    expect([sends(), await toast.count()]).toEqual([[], 0]);
  });

  it('U122 a sign-out in one tab is one in all, and leaves nothing written', async () => {
    tell(on.stage.session, 'Hello', 'Hello to you.');
    on.stage.server.guests.allowed = false;
    const { page } = await on.newPage();
    await page.goto(on.stage.url);
    await page.getByTestId('token').fill(fakeToken('anna'));
    await page.getByTestId('token').press('Enter');
    await page.getByText('Hello to you.').waitFor();
    const other = await page.context().newPage();
    await other.goto(on.stage.url);
    await other.getByText('Hello to you.').waitFor();
    await other.getByTestId('composer').fill('A secret of Anna');
    await page.getByTestId('settings').click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    for (const tab of [page, other]) {
      await tab.getByTestId('sign-in').waitFor();
      expect([new URL(tab.url()).pathname, await tab.getByText('Hello to you.').count()]).toEqual(['/', 0]);
    }
    expect(await other.evaluate('JSON.stringify(localStorage)')).not.toMatch(/secret|anna/i);
    await page.getByTestId('token').fill(fakeToken('bert'));
    await page.getByTestId('token').press('Enter');
    for (const tab of [page, other]) await tab.locator('[data-testid=badge][data-state=online]').waitFor();
    expect(await other.getByTestId('composer').inputValue()).toBe('');
  });

  it('U68 without a network the badge says so, and the network coming back connects at once', async () => {
    tell(on.stage.session, 'Hello', 'Hello to you.');
    const page = await open();
    cutOff();
    await page.context().setOffline(true);
    await page.getByTestId('badge').getByText('Offline').waitFor();
    await page.getByTestId('composer').fill('Written on a train');
    await page.getByText('Not connected: what you send waits').waitFor();
    await shoot(page, 'offline');
    on.stage.server.refuse = () => undefined;
    const handshakes = on.stage.server.handshakes.length;
    await page.context().setOffline(false);
    await page.locator('[data-testid=badge][data-state=online]').waitFor();
    expect(on.stage.server.handshakes.length).toBeGreaterThan(handshakes);
  });

  it('U69 Ctrl+Enter sends when chosen, Enter makes a line then, and the text is as large as chosen', async () => {
    const page = await open(on.stage.server.url);
    await page.getByTestId('settings').click();
    await page.getByLabel('Ctrl + Enter').check();
    await page.getByLabel('Larger').check();
    await shoot(page, 'settings-large');
    await page.getByTestId('settings-close').click();
    expect(await page.evaluate('getComputedStyle(document.documentElement).fontSize')).toBe('21px');
    const composer = page.getByTestId('composer');
    await composer.pressSequentially('One');
    await composer.press('Enter');
    await composer.pressSequentially('two');
    expect(sends()).toEqual([]);
    await composer.press('Control+Enter');
    await until('the message', () => sends().length === 1);
    expect(sends()[0]?.content).toBe('One\ntwo');
    await page.reload();
    await until('the size to be kept', async () => (await page.evaluate('getComputedStyle(document.documentElement).fontSize')) === '21px');
  });
});
