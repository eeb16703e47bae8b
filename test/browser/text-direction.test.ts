/** Text from right to left beside text from left to right, as it is drawn. */
import type { Page } from 'playwright-core';
import { until } from '../support/until.ts';
import { shoot } from './chromium.ts';
import { describeOnStage } from './on-stage.ts';
import { tell } from './stage.ts';

const QUESTION = 'كيف أكتب دالة تعيد المحاولة؟\nPlease answer in Arabic, with code.';
const ANSWER = `## الدالة

\`retry()\` هي دالة صغيرة تنتظر قليلاً بعد كل فشل، ثم تحاول مرة أخرى.

This paragraph is in English, of course.

- انتظر قليلاً، ثم حاول.
- Give up at some point.
- استخدم \`Retry-After\` عندما يذكره الخادم.

1. First this.
2. ثم هذا.

> الإعادة الجيدة لا يلاحظها أحد.

| المحاولة | Pause |
|---|---|
| الأولى | two seconds. |

\`\`\`ts
const text = 'مرحبا';
\`\`\`

المعادلة $x^2 + y^2$ بسيطة.`;

interface Run {
  direction: string;
  /** The side of its box that its text is nearer to. */
  begins: string;
  /** The side of the text where its last character stands. */
  ends: string;
}

/** Runs in the page, of one element. */
const READ = `(element) => {
  const nearer = (inner, outer) => (inner.left - outer.left <= outer.right - inner.right ? 'left' : 'right');
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let last = null;
  while (walker.nextNode()) if (walker.currentNode.data.trim() !== '') last = walker.currentNode;
  const all = document.createRange();
  all.selectNodeContents(element);
  const mark = document.createRange();
  const length = last?.data.trimEnd().length ?? 0;
  if (last !== null) mark.setStart(last, length - 1);
  if (last !== null) mark.setEnd(last, length);
  const [text, end] = [all.getBoundingClientRect(), mark.getBoundingClientRect()];
  return { direction: getComputedStyle(element).direction, begins: nearer(text, element.getBoundingClientRect()), ends: nearer(end, text) };
}`;

describeOnStage('the direction of text', (on) => {
  const run = async (page: Page, selector: string): Promise<Run> => {
    await page.locator(selector).first().waitFor();
    return page.evaluate<Run>(`(${READ})(document.querySelector(${JSON.stringify(selector)}))`);
  };

  it('U141 each block of a reply runs as its own letters do, and code from the left', async () => {
    tell(on.stage.session, QUESTION, ANSWER);
    const { page } = await on.open();
    await page.locator('.katex').waitFor();
    await page.getByTestId('pane').evaluate((pane: { scrollTop: number }) => void (pane.scrollTop = 0));
    await shoot(page, 'arabic');
    const block = (number: number, inside = ''): Promise<Run> => run(page, `.markdown > :nth-child(${number}) ${inside}`);
    expect(await block(1, 'h2')).toMatchObject({ begins: 'right' });
    expect(await block(2, 'p')).toMatchObject({ direction: 'rtl', begins: 'right', ends: 'left' });
    expect(await block(3, 'p')).toEqual({ direction: 'ltr', begins: 'left', ends: 'right' });
    expect(await block(4, 'li:nth-child(1)')).toEqual({ direction: 'rtl', begins: 'right', ends: 'left' });
    // At its mark, and yet with its full stop at its own end.
    expect(await block(4, 'li:nth-child(2)')).toMatchObject({ begins: 'right', ends: 'right' });
    expect(await block(4, 'li:nth-child(3)')).toMatchObject({ begins: 'right', ends: 'left' });
    expect(await block(5, 'li:nth-child(2)')).toMatchObject({ direction: 'ltr', begins: 'left', ends: 'left' });
    expect(await block(6, 'blockquote p')).toMatchObject({ begins: 'right', ends: 'left' });
    expect(await page.evaluate('getComputedStyle(document.querySelector(".markdown blockquote")).borderRightWidth')).toBe('3px');
    expect(await block(7, 'table')).toMatchObject({ direction: 'rtl' });
    expect(await block(7, 'td:nth-child(1)')).toMatchObject({ begins: 'right' });
    expect(await block(7, 'td:nth-child(2)')).toMatchObject({ begins: 'left', ends: 'right' });
    expect(await block(8, 'pre code')).toMatchObject({ direction: 'ltr', begins: 'left' });
    expect(await block(9, 'p .katex')).toMatchObject({ direction: 'ltr' });
  });

  it('U141 each line of a message too, where it is written, changed and shown', async () => {
    tell(on.stage.session, `${QUESTION}\nقصيرة\nIn short.`, 'Hello.');
    const { page } = await on.open();
    const bubble = page.locator('.bubble');
    await bubble.waitFor();
    const gaps = await page.evaluate<[number, number][]>(`(() => {
      const bubble = document.querySelector('.bubble');
      const { left, right } = bubble.getBoundingClientRect();
      const text = bubble.firstChild;
      return text.data.split('\\n').map((line) => {
        const range = document.createRange();
        const from = text.data.indexOf(line);
        range.setStart(text, from);
        range.setEnd(text, from + line.length);
        const box = range.getBoundingClientRect();
        return [box.left - left, right - box.right];
      });
    })()`);
    expect(gaps.slice(2).map(([left, right]) => (left < right ? 'left' : 'right'))).toEqual(['right', 'left']);
    const composer = page.getByTestId('composer');
    const written = async (): Promise<string> => (await run(page, '#message-input')).direction;
    await composer.fill('مرحبا');
    expect(await written()).toBe('rtl');
    await composer.fill('Hello');
    expect(await written()).toBe('ltr');
    await bubble.hover();
    await page.getByTestId('edit').click();
    expect(await run(page, '[data-testid=edit-text]')).toMatchObject({ direction: 'rtl' });
    await shoot(page, 'arabic-edit');
  });

  it('U141 titles in the list and the header, and what a search finds', async () => {
    const title = 'كيف تعمل إعادة المحاولة مع backoff؟';
    Object.assign(on.stage.session.session, { title });
    tell(on.stage.session, QUESTION, ANSWER);
    const page = (await on.open()).page;
    const listed = page.getByTestId('session-item').first().locator('.title');
    await until('the title', async () => (await listed.innerText()) === title);
    expect(await run(page, '[data-testid=session-item] .title')).toMatchObject({ direction: 'rtl' });
    expect(await run(page, 'header h1')).toMatchObject({ direction: 'rtl', begins: 'left' });
    on.stage.server.handlers['session:search'] = () => ({
      ok: true,
      hasMore: false,
      found: [{ session: on.stage.session.session, titleRanges: [], moreHits: false, hits: [{ messageId: 'm', position: 1, role: 'user', createdAt: on.stage.session.session.createdAt, excerpt: { text: QUESTION.split('\n')[0]!, ranges: [[9, 13]] } }] }],
    });
    await page.getByTestId('search').fill('دالة');
    await page.getByTestId('hit').waitFor();
    for (const place of ['[data-testid=search]', '[data-testid=result] .title', '[data-testid=hit] .line']) expect(await run(page, place)).toMatchObject({ direction: 'rtl' });
    await shoot(page, 'arabic-search');
  });

  it('U141 a shared chat too', async () => {
    const served = on.stage.server.http;
    on.stage.server.http = (request, response) => {
      if (!request.url?.startsWith('/api/shares/')) return served(request, response);
      const at = '2026-01-01T00:00:00.000Z';
      const messages = [['user', QUESTION], ['assistant', ANSWER]].map(([role, content]) => ({ role, content, status: 'complete', createdAt: at }));
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ title: 'الدالة', createdAt: at, messages, total: 2, hasMore: false }));
      return true;
    };
    const { page } = await on.newPage();
    await page.goto(`${on.stage.server.url}/#/share/secret`);
    await page.locator('.bubble').waitFor();
    await page.locator('.markdown h2').waitFor();
    for (const place of ['main h1', '.bubble', '.markdown > :first-child']) expect(await run(page, place)).toMatchObject({ direction: 'rtl' });
    await shoot(page, 'arabic-shared');
  });
});
