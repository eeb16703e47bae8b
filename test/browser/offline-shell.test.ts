/** The installed app without its server, and beside a newer one. */
import type { Page } from 'playwright-core';
import { until } from '../support/until.ts';
import { shoot } from './chromium.ts';
import { describeOnStage } from './on-stage.ts';
import { tell } from './stage.ts';

describeOnStage('the offline shell', (on) => {
  beforeEach(() => void tell(on.stage.session, 'Hello', 'Hello to you.'));

  const open = async (): Promise<Page> => {
    const { page } = await on.newPage();
    await page.goto(on.stage.url);
    await page.getByText('Hello to you.').waitFor();
    return page;
  };
  const kept = (page: Page): Promise<string[]> =>
    page.evaluate<string[]>('caches.open("holdfast-app").then((cache) => cache.keys()).then((keys) => keys.map(({ url }) => new URL(url).pathname))');
  const untilKept = (page: Page): Promise<void> => until('the app to be kept', async () => (await kept(page)).includes('/assets.json') && (await page.evaluate<boolean>('navigator.serviceWorker.controller !== null')), 10_000);

  it('U74 once used, the app opens without a network, and no answer of the API is ever kept', async () => {
    const page = await open();
    await untilKept(page);
    await page.evaluate('fetch("/api/config").then((answer) => answer.text())');
    expect((await kept(page)).filter((path) => !/^\/(assets\/|assets\.json|theme\.js|favicon\.svg|icon-192\.png|manifest\.webmanifest|$)/.test(path))).toEqual([]);
    const served = on.stage.server.http;
    let asked = 0;
    on.stage.server.http = (request) => {
      asked += 1;
      request.socket.destroy();
      return true;
    };
    await page.context().setOffline(true);
    await page.goto(`${on.stage.server.url}/?debug`);
    await page.getByTestId('prompt').first().waitFor();
    await page.getByTestId('settings').click();
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByTestId('badge').getByText('Offline').waitFor();
    await shoot(page, 'offline-shell');
    expect(asked).toBe(0);
    on.stage.server.http = served;
    await page.context().setOffline(false);
    await page.locator('[data-testid=badge][data-state=online]').waitFor();
  });

  it('U143 a chat that is opened without a network is shown when that is back', async () => {
    const page = await open();
    await untilKept(page);
    await page.context().setOffline(true);
    await page.reload();
    await page.getByTestId('session-notice').getByText('Not connected. This chat is shown').waitFor();
    await page.getByTestId('badge').getByText('Offline').waitFor();
    await shoot(page, 'offline-chat');
    await page.context().setOffline(false);
    await page.getByText('Hello to you.').waitFor();
  });

  it('U75 a page older than its server says so, and a new visit gets the new one', async () => {
    const page = await open();
    await untilKept(page);
    const served = on.stage.server.http;
    on.stage.server.http = (request, response) => {
      if (request.url !== '/assets.json') return served(request, response);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ files: ['assets/index-newer.js'] }));
      return true;
    };
    on.stage.server.peers.forEach((peer) => peer.cut());
    await page.getByTestId('toast').getByText('There is a new version of this page.').waitFor();
    await shoot(page, 'new-version');
    on.stage.server.http = (request, response) => {
      if (request.url !== '/') return served(request, response);
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>newer</title><p>The new page.</p>');
      return true;
    };
    await page.goto(on.stage.server.url);
    await page.getByText('The new page.').waitFor();
  });
});
