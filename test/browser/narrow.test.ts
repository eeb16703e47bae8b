/** The smallest screen: every view fits 320 px, and each control is large enough for a finger. A picture of each is kept. */
import type { Page } from 'playwright-core';
import { refused } from '../support/scripted-server.ts';
import { shoot } from './chromium.ts';
import { describeOnStage, type OnStage } from './on-stage.ts';
import { tell } from './stage.ts';

const NARROW = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true };
const QUESTION = 'Write a small TypeScript function that retries a request with growing pauses, and explain it.';

/** Runs in the page: what lies outside of it, or is too small to be hit. Links inside a text are text (WCAG 2.5.8). */
const MISFITS = `(() => {
  const misfits = document.documentElement.scrollWidth > innerWidth ? ['the page is ' + document.documentElement.scrollWidth + ' px wide'] : [];
  for (const box of document.querySelectorAll('[role=dialog], [data-testid=pane], aside, form')) {
    if (box.scrollWidth > box.clientWidth + 1) misfits.push('wider than its box: ' + (box.getAttribute('aria-label') ?? box.className));
  }
  for (const element of document.querySelectorAll('button, a, input, select, textarea, summary')) {
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || element.closest('.hidden-visually, .skip, .markdown p, .markdown li')) continue;
    const target = element.matches('input') ? (element.closest('label') ?? element) : element;
    const { left, right, width, height } = target.getBoundingClientRect();
    const name = (element.getAttribute('aria-label') ?? element.textContent.trim()) + ' ' + JSON.stringify([left, right, width, height].map(Math.round));
    const scrolls = element.closest('pre, table') !== null;
    if (width > 0 && !scrolls && (left < -0.5 || right > innerWidth + 0.5)) misfits.push('outside: ' + name);
    if (width > 0 && (width < 24 || height < 24)) misfits.push('too small: ' + name);
  }
  return misfits;
})()`;

describeOnStage('narrow', (on) => {
  const open = async (...[url, options]: Parameters<OnStage['open']>): Promise<Page> => (await on.open(url, { ...NARROW, ...options })).page;
  const fits = async (page: Page, name: string): Promise<void> => {
    await shoot(page, `narrow-${name}`);
    expect([name, await page.evaluate<string[]>(MISFITS)]).toEqual([name, []]);
  };
  const drawer = async (page: Page): Promise<void> => {
    await page.getByTestId('menu').tap();
    await page.getByTestId('session-item').first().waitFor();
  };
  const cutOff = (): void => {
    on.stage.server.refuse = () => 'unavailable';
    on.stage.server.peers.forEach((peer) => peer.cut());
  };

  it.each(['en-GB', 'vi-VN'])('U2 an empty chat, the chats, and their actions fit 320 px (%s)', async (locale) => {
    tell(on.stage.session, QUESTION, 'A short answer.');
    const page = await open(on.stage.server.url, { locale });
    await page.getByTestId('prompt').nth(3).waitFor();
    await fits(page, `empty-${locale}`);
    await drawer(page);
    await fits(page, `drawer-${locale}`);
    await page.getByTestId('session-item').first().getByTestId('more').tap();
    await page.getByTestId('rename').waitFor();
    await fits(page, `menu-${locale}`);
    await page.getByTestId('rename').tap();
    await page.locator('[data-testid=session-item] input').waitFor();
    await fits(page, `rename-${locale}`);
    await page.keyboard.press('Escape');
    await page.getByTestId('session-item').first().getByTestId('more').tap();
    await page.getByTestId('delete').tap();
    await page.getByTestId('toast').waitFor();
    await fits(page, `deleted-${locale}`);
  });

  it.each(['en-GB', 'vi-VN'])('U2 the settings and the connection details fit 320 px (%s)', async (locale) => {
    const page = await open(on.stage.server.url, { locale, colorScheme: 'dark' });
    await page.getByTestId('badge').tap();
    await page.getByTestId('connection-details').waitFor();
    await fits(page, `details-${locale}`);
    await page.keyboard.press('Escape');
    await drawer(page);
    await page.getByTestId('settings').tap();
    await page.getByRole('dialog').waitFor();
    await fits(page, `settings-${locale}`);
    await page.getByRole('dialog').evaluate((dialog: { scrollTop: number; scrollHeight: number }) => void (dialog.scrollTop = dialog.scrollHeight));
    await fits(page, `settings-end-${locale}`);
  });

  it.each(['light', 'dark'] as const)('U2 a conversation with code, a table and thoughts fits 320 px (%s)', async (colorScheme) => {
    tell(on.stage.session, QUESTION);
    tell(on.stage.session, 'https://example.com/a/very/long/address/without/any/place/to/break/it/anywhere?and=more', `<think>What is *all*?</think>| A | B | C | D |\n|--|--|--|--|\n| ${'wide '.repeat(6)}| ${'cells '.repeat(6)}| ${'scroll '.repeat(6)}| alone |\n\nAverylongwordthatnobodywouldeverwriteinarealtextbutamodelmightdoso. $$\\sum_{i=0}^{n} x_i^2 + y_i^2 + z_i^2 = r^2 \\cdot \\frac{a+b+c+d}{e+f+g+h}$$`);
    const page = await open(on.stage.url, { colorScheme });
    await page.locator('.katex').first().waitFor();
    await page.getByText('How it was thought through').tap();
    await fits(page, `conversation-end-${colorScheme}`);
    await page.getByTestId('pane').evaluate((pane: { scrollTop: number }) => void (pane.scrollTop = 0));
    await page.locator('.hljs-keyword').first().waitFor();
    await fits(page, `conversation-top-${colorScheme}`);
    await page.locator('table').first().scrollIntoViewIfNeeded();
    await fits(page, `conversation-table-${colorScheme}`);
  });

  it.each(['en-GB', 'vi-VN'])('U2 what goes wrong fits 320 px: a failed reply, no connection, a message that waits (%s)', async (locale) => {
    on.stage.session.begin('And one that fails?', undefined, false);
    on.stage.session.lose('Half of it');
    on.stage.session.end('failed');
    const page = await open(on.stage.url, { locale });
    await page.getByTestId('failed').waitFor();
    await page.getByTestId('continue').waitFor();
    await fits(page, `failed-${locale}`);
    cutOff();
    await page.getByTestId('try-now').waitFor();
    await page.getByTestId('composer').fill('Written on a train');
    await page.getByTestId('send').tap();
    await page.getByTestId('take-back').waitFor();
    await fits(page, `away-${locale}`);
  });

  it('U147 the way to the latest is a small arrow that stands on little of the text, and keeps its name', async () => {
    for (let turn = 0; turn < 3; turn += 1) tell(on.stage.session, QUESTION);
    const page = await open();
    await page.getByTestId('pane').evaluate((pane: { scrollTop: number }) => void (pane.scrollTop = 300));
    const latest = page.getByRole('button', { name: 'Jump to the latest' });
    await latest.waitFor();
    await fits(page, 'latest');
    const { x, width, height } = (await latest.boundingBox())!;
    expect([Math.max(width, height) <= 40, x > 250]).toEqual([true, true]);
    await latest.tap();
    await latest.waitFor({ state: 'detached' });
  });

  it('U2 a chat that is not there, and signing in, fit 320 px', async () => {
    on.stage.server.handlers['session:open'] = () => refused('not-found');
    const page = await open();
    await page.getByTestId('session-notice').getByText('There is no such chat').waitFor();
    await fits(page, 'not-found');
    on.stage.server.guests.allowed = false;
    const { page: stranger } = await on.newPage(NARROW);
    await stranger.goto(on.stage.server.url);
    await stranger.getByTestId('sign-in').waitFor();
    await fits(stranger, 'sign-in');
  });
});
