/** What assistive technology gets: the browser's own accessibility tree. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { acceptVersions } from '../support/scripted-versions.ts';
import type { FoundSession } from '../../src/protocol/wire.ts';
import { describeInChromium, launchChromium, newPage } from './chromium.ts';
import { ANSWER, openStage, tell, type Stage } from './stage.ts';

interface AxNode {
  ignored: boolean;
  role?: { value?: string };
  name?: { value?: string };
}
const CONTROLS = ['button', 'link', 'textbox', 'radio', 'dialog', 'alertdialog', 'menu', 'menuitem', 'navigation', 'main', 'complementary'];

describeInChromium('accessibility', () => {
  let browser: Browser;
  let stage: Stage;

  beforeAll(async () => {
    browser = await launchChromium();
    stage = await openStage();
    stage.server.handlers['message:feedback'] = ({ rating }) => ({ ok: true, feedback: rating && { rating } });
    stage.server.models = ['scripted-1', 'scripted-2'];
    tell(stage.session, 'Show me all', `<think>What is *all*?</think>${ANSWER}\n\nAnd $x^2$.`);
    tell(stage.session, 'Hello', 'Hello.\n\n```ts\nconst a = 1;\n```\n\n- one\n- two');
    const told = stage.session.messages.at(-1);
    stage.session.begin('And one that fails?', undefined, false);
    stage.session.end('failed');
    const versions = acceptVersions(stage.server, stage.session);
    versions.make('regenerate', { sessionId: stage.session.id, messageId: stage.session.messages.at(-1)!.id, clientMessageId: 'again' });
    stage.session.end('failed');
    Object.assign(told!, { model: 'kelp-large-2', usage: { inputTokens: 1_234, outputTokens: 56 } });
    const hit = { messageId: 'user3', position: 3, role: 'user', createdAt: '2026-01-01T00:00:00.000Z', excerpt: { text: 'Hello', ranges: [[0, 5]] } } as FoundSession['hits'][number];
    stage.server.handlers['session:search'] = () => ({ ok: true, hasMore: true, before: 'more', found: [{ session: stage.session.session, titleRanges: [[0, 8]], hits: [hit], moreHits: true }] });
  });
  afterAll(async () => {
    await browser.close();
    await stage.close();
  });

  const tree = async (page: Page): Promise<{ role: string; name: string }[]> => {
    const devtools = await page.context().newCDPSession(page);
    const { nodes } = (await devtools.send('Accessibility.getFullAXTree')) as { nodes: AxNode[] };
    return nodes.filter((node) => !node.ignored).map((node) => ({ role: node.role?.value ?? '', name: (node.name?.value ?? '').trim() }));
  };
  const views: [string, string, (page: Page) => Promise<void>][] = [
    ['an empty chat', '/', async (page) => page.getByTestId('prompt').first().waitFor()],
    ['a conversation', '/s/kelp00000001', async (page) => {
      await page.getByTestId('failed').waitFor();
      await page.getByTestId('session-item').first().hover();
    }],
    ['a phone with its chats', '/s/kelp00000001', async (page) => {
      const menu = page.getByTestId('menu');
      if (await menu.isVisible()) await menu.click();
      await page.getByTestId('session-item').first().waitFor();
    }],
    ['a reply with everything in it', '/s/kelp00000001', async (page) => {
      await page.locator('.hljs-keyword').first().waitFor();
      await page.locator('.katex').first().waitFor();
      await page.getByText('How it was thought through').click();
    }],
    ['a message being edited, and what a reply took', '/s/kelp00000001', async (page) => {
      await page.locator('[data-role=user]').last().getByTestId('edit').click();
      await page.getByTestId('edit-text').waitFor();
      await page.getByTestId('info').click();
      await page.getByTestId('reply-info').waitFor();
    }],
    ['what a search found', '/s/kelp00000001', async (page) => {
      await page.getByTestId('search').fill('hello');
      await page.getByTestId('hit').waitFor();
    }],
    ['the settings', '/', async (page) => {
      await page.getByTestId('settings').click();
      await page.getByRole('dialog').waitFor();
    }],
    ['the settings of a chat', '/s/kelp00000001', async (page) => {
      await page.getByTestId('chat-settings').click();
      await page.getByTestId('system-prompt').fill('Be brief.');
    }],
    ['the words for a poor reply', '/s/kelp00000001', async (page) => {
      await page.getByTestId('thumb-down').first().click();
      await page.getByTestId('feedback-comment').fill('Wrong.');
    }],
    ['the connection details', '/', async (page) => {
      await page.getByTestId('badge').click();
      await page.getByTestId('connection-details').waitFor();
    }],
    ['the actions of a chat', '/s/kelp00000001', async (page) => {
      await page.getByTestId('more').first().click();
      await page.getByTestId('rename').waitFor();
    }],
    ['the notice after a deletion', '/s/kelp00000001', async (page) => {
      await page.getByTestId('more').first().click();
      await page.getByTestId('delete').click();
      await page.getByTestId('toast').waitFor();
    }],
  ];

  it.each(views)('U21 in %s every control and landmark has a name', async (_title, path, prepare) => {
    const { page } = await newPage(browser);
    await page.goto(stage.server.url + path);
    await page.locator('[data-testid=badge][data-state=online]').waitFor();
    await prepare(page);
    const nodes = await tree(page);
    const unnamed = nodes.filter(({ role, name }) => CONTROLS.includes(role) && name === '');
    expect(unnamed).toEqual([]);
    expect(nodes.filter(({ role }) => role === 'button').length).toBeGreaterThan(0);
    await page.context().close();
  });

  const inEach = views.flatMap(([title, path, prepare]) => (['light', 'dark'] as const).map((colorScheme) => [title, colorScheme, path, prepare] as const));
  it.each(inEach)('U71 in %s (%s) axe finds nothing against WCAG 2.2 AA', async (title, colorScheme, path, prepare) => {
    const options = { colorScheme, ...(title.startsWith('a phone') && { viewport: { width: 320, height: 640 } }) };
    const { page } = await newPage(browser, options);
    await page.goto(stage.server.url + path);
    await page.locator('[data-testid=badge][data-state=online]').waitFor();
    await prepare(page);
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)).toEqual([]);
    await page.context().close();
  });

  it.each(['light', 'dark'] as const)('U21 text stands out from its ground by 4.5 to 1 (%s)', async (colorScheme) => {
    const { page } = await newPage(browser, { colorScheme });
    await page.goto(`${stage.server.url}/s/kelp00000001`);
    await page.getByTestId('failed').waitFor();
    const weak = await page.evaluate<string[]>(WEAK_TEXTS);
    expect(weak).toEqual([]);
    await page.context().close();
  });
});

/** Runs in the page: every visible text whose contrast with the nearest opaque ground is below 4.5. */
const WEAK_TEXTS = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (element) => {
    for (let node = element; node; node = node.parentElement) {
      const color = rgba(getComputedStyle(node).backgroundColor);
      if (color[3] === 255) return color;
    }
    return rgba('white');
  };
  const weak = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (walker.currentNode.data.trim() === '' || !element.checkVisibility() || element.closest(':disabled, .hidden-visually, .skip')) continue;
    const [a, b] = [luminance(rgba(getComputedStyle(element).color)), luminance(ground(element))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) weak.push(walker.currentNode.data.trim() + ' ' + contrast.toFixed(2));
  }
  return weak;
})()`;
