/** The app in a real browser, through a real HAProxy, on a real cluster: nodes die, and the person reads on. */
import { readFile } from 'node:fs/promises';
import { Redis } from 'ioredis';
import type { Browser } from 'playwright-core';
import { AppTab } from '../browser/app-tab.ts';
import { describeInChromium, launchChromium, newPage, shoot } from '../browser/chromium.ts';
import { clusterEnv, startCluster, type Cluster, type ClusterNode } from '../support/cluster-nodes.ts';
import { testMongo } from '../support/servers/mongo.ts';
import { describeWith } from '../support/servers/programs.ts';
import { testRedis } from '../support/servers/redis.ts';
import { until } from '../support/until.ts';
import { startFront, type Front } from './cluster-front.ts';

jest.setTimeout(45_000);

describeWith(['redis-server', 'mongo', 'haproxy', 'openssl'], 'the app on a cluster', () => {
  describeInChromium('in Chromium', () => {
    let cluster: Cluster;
    let browser: Browser;
    let redis: Redis;
    let front: Front;
    let tls: Front;

    beforeAll(async () => {
      const [server, mongo, launched] = await Promise.all([testRedis(), testMongo(), launchChromium()]);
      browser = launched;
      const settings = { DEMO_TOKENS_PER_SECOND: '50', DEMO_TOKENS: '150', NODE_TTL_MS: '2000', TRUSTED_PROXIES: '127.0.0.1' };
      cluster = await startCluster(clusterEnv({ redis: server.url, mongo: mongo.url }, settings), { gateways: 3, ai: 2 });
      redis = new Redis(server.url);
      [front, tls] = await Promise.all([startFront('haproxy.cfg', cluster.gateways), startFront('haproxy-tls.cfg', cluster.gateways)]);
    }, 60_000);

    afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));
    afterAll(async () => {
      redis?.disconnect();
      await browser?.close();
      await cluster?.stop();
    }, 30_000);

    /** Two tabs of one person in the middle of one reply, at two gateways. */
    async function twoTabs(question: string): Promise<{ tabs: [AppTab, AppTab]; complaints: string[] }> {
      const { page, complaints } = await newPage(browser);
      const [first, second] = [new AppTab(page), new AppTab(await page.context().newPage())];
      await first.open(`${front.url}/?debug`);
      const address = await first.say(question);
      await first.streamed(20);
      // A page takes several requests, so the second one may come out at the same gateway; one request more shifts that.
      do {
        await fetch(`${front.url}/ready`);
        await second.open(address);
      } while ((await second.gateway()) === (await first.gateway()));
      await second.streamed(40);
      return { tabs: [first, second], complaints };
    }

    /** Both tabs end with the same whole reply, which is what history has. */
    async function whole(tabs: AppTab[]): Promise<void> {
      for (const tab of tabs) await tab.ended('complete');
      const [first] = tabs;
      const shown = await first!.shown();
      for (const tab of tabs) expect(await tab.shown()).toEqual(shown);
      await until('history to have what the tabs show', async () => JSON.stringify(await first!.stored(front.url)) === JSON.stringify(shown), 10_000);
    }

    /** The node that has the session's lease. */
    async function ownerOf({ sessionId }: AppTab): Promise<ClusterNode> {
      const lease = (await redis.get(`session:{${sessionId}}:owner`)) ?? '';
      return cluster.all.find(({ nodeId }) => lease.startsWith(`${nodeId}/`))!;
    }

    test('N23 two tabs at two gateways show one reply as it comes, without a complaint of the browser', async () => {
      const { tabs, complaints } = await twoTabs('Write a short poem about the sea, with a list and some code.');
      const names = await Promise.all(tabs.map((tab) => tab.gateway()));
      expect(new Set(names).size).toBe(2);
      for (const name of names) expect(cluster.gateways.map(({ nodeId }) => nodeId)).toContain(name);
      await shoot(tabs[1].page, 'cluster-two-tabs');
      // What was lost on the way would come with the next sign of life, in a few large pieces.
      expect((await tabs[1].lengthsToTheEnd()).size).toBeGreaterThanOrEqual(8);
      await whole(tabs);
      expect(complaints).toEqual([]);
    });

    test('N24 a reload in the middle of a reply comes out at any gateway and loses nothing', async () => {
      const { tabs } = await twoTabs('Tell me about kelp.');
      const [, second] = tabs;
      const before = (await second.reply())!;
      await second.page.reload();
      await second.online();
      await second.streamed(before.content.length);
      const after = (await second.reply())!;
      expect(after.status).toBe('streaming');
      expect(after.content.startsWith(before.content)).toBe(true);
      await whole(tabs);
    });

    test('N25 kill -9 of the owner in the middle of a reply: it goes on in both tabs, and no shown character changes', async () => {
      const { tabs } = await twoTabs('Tell me about the tides.');
      const [first, second] = tabs;
      const owner = await ownerOf(first);
      const before = await Promise.all(tabs.map(async (tab) => (await tab.reply())!));
      for (const { status } of before) expect(status).toBe('streaming');
      owner.kill('SIGKILL');
      await owner.exited;
      await shoot(first.page, 'cluster-owner-killed');
      await Promise.all(tabs.map((tab, n) => tab.streamed(before[n]!.content.length + 40)));
      await shoot(second.page, 'cluster-goes-on');
      expect(await ownerOf(first)).not.toBe(owner);
      await whole(tabs);
      for (const [n, tab] of tabs.entries()) expect((await tab.reply())!.content.startsWith(before[n]!.content)).toBe(true);
      for (const tab of tabs) {
        await tab.online();
        expect(await tab.gateway()).not.toBe(owner.nodeId);
      }
      await shoot(first.page, 'cluster-whole');
    });

    test('N26 over TLS: plain HTTP leads to https, and a reply streams over wss', async () => {
      const { page, complaints } = await newPage(browser, { ignoreHTTPSErrors: true });
      const sockets: string[] = [];
      page.on('websocket', (socket) => sockets.push(socket.url()));
      const tab = new AppTab(page);
      await tab.open(`${tls.url}/?debug`);
      expect(page.url()).toBe(`${tls.httpsUrl}/?debug`);
      await tab.say('Tell me about kelp.');
      await tab.streamed(80);
      await shoot(page, 'cluster-wss');
      await whole([tab]);
      expect(sockets.length).toBeGreaterThan(0);
      for (const url of sockets) expect(url.startsWith(tls.httpsUrl.replace('https:', 'wss:'))).toBe(true);
      // Chromium keeps no app of a server whose certificate nobody signed.
      expect(complaints.filter((text) => !text.includes('SSL certificate error'))).toEqual([]);
    });

    test('N81 a file, a thumb, a pin, a link and the versions of a reply outlive the gateway that owned their chat', async () => {
      const { page } = await newPage(browser);
      const first = new AppTab(page);
      await first.open(`${front.url}/?debug`);
      await page.getByTestId('file-input').setInputFiles({ name: 'tides.md', mimeType: '', buffer: Buffer.from('# Tides\n\nTwice a day.') });
      await page.locator('[data-testid=attachment][data-status=ready]').waitFor();
      const address = await first.say('What do the Strömungen do?');
      await first.ended('complete');
      const original = await first.shown();
      await page.getByTestId('thumb-up').click();
      await page.locator('[data-testid=thumb-up][aria-pressed=true]').waitFor();
      await page.getByTestId('more').click();
      await page.getByTestId('pin').click();
      await page.locator('section', { hasText: 'Pinned' }).waitFor();
      await page.getByTestId('more').click();
      await page.getByTestId('share').click();
      await page.getByTestId('share-create').click();
      const link = await page.getByTestId('share-link').inputValue();
      await page.keyboard.press('Escape');
      const second = new AppTab(await page.context().newPage());
      await second.open(address);

      await page.getByTestId('regenerate').click();
      for (const tab of [first, second]) {
        await until('the other version', async () => (await tab.reply())?.id !== original[1]?.id);
        await tab.streamed(20);
      }
      const owner = await ownerOf(first);
      owner.kill('SIGKILL');
      await owner.exited;
      await whole([first, second]);
      await shoot(second.page, 'cluster-parts-whole');

      await second.page.getByTestId('version-previous').click();
      for (const tab of [first, second]) await until('the first version', async () => JSON.stringify(await tab.shown()) === JSON.stringify(original), 10_000);
      await second.page.reload();
      await second.page.locator('[data-testid=thumb-up][aria-pressed=true]').waitFor();
      await second.page.locator('section', { hasText: 'Pinned' }).waitFor();
      const saving = second.page.waitForEvent('download');
      await second.page.getByTestId('message-file').click();
      expect(await readFile(await (await saving).path(), 'utf8')).toBe('# Tides\n\nTwice a day.');
      await second.page.getByTestId('search').fill('stromungen');
      await second.page.getByTestId('hit').first().waitFor();
      const { page: reader, complaints } = await newPage(browser);
      await reader.goto(link);
      await reader.locator('[data-role=assistant]').waitFor();
      expect(await reader.locator('[data-role]').count()).toBe(2);
      expect(complaints).toEqual([]);
    });
  });
});
