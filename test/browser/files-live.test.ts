/** Files in the app on the real server. */
import type { Browser, Page } from 'playwright-core';
import { startHoldfast, type HoldfastProcess } from '../support/holdfast-process.ts';
import { pdf, PNG } from '../support/sample-files.ts';
import { until } from '../support/until.ts';
import { describeInChromium, launchChromium, newPage, shoot } from './chromium.ts';

describeInChromium('files on the real server', () => {
  let browser: Browser;
  let server: HoldfastProcess;
  beforeAll(async () => {
    browser = await launchChromium();
    server = await startHoldfast({ DEMO_TOKENS_PER_SECOND: '0', AI_VISION: 'on' });
  });
  afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));
  afterAll(async () => {
    await browser.close();
    server.kill('SIGKILL');
    await server.exited;
  });

  const open = async (options = {}): Promise<{ page: Page; complaints: string[] }> => {
    const opened = await newPage(browser, options);
    await opened.page.goto(`${server.url}/?debug`);
    await opened.page.getByTestId('attach').waitFor();
    return opened;
  };
  const attach = (page: Page, name: string, content: Buffer | string, mimeType = ''): Promise<void> =>
    page.getByTestId('file-input').setInputFiles({ name, mimeType, buffer: Buffer.from(content) });
  const chips = (page: Page, status: string) => page.locator(`[data-testid=attachment][data-status=${status}]`);

  it('U110 a file of a new chat is uploaded, shown, sent, answered about, and given back', async () => {
    const { page, complaints } = await open();
    await attach(page, 'kế hoạch.md', '# Next year\n\nSleep more.');
    await attach(page, 'photo.png', PNG, 'image/png');
    await chips(page, 'ready').nth(1).waitFor();
    await page.waitForURL(/\/s\/\w+/);
    await shoot(page, 'files-attached');
    await page.getByTestId('composer').fill('What is in these?');
    await page.getByTestId('composer').press('Enter');
    await page.getByTestId('pane').getByText('Your files have arrived:').waitFor();
    await page.getByTestId('pane').getByText('photo.png is an image of').waitFor();
    await page.locator('[data-testid=message-file] img').waitFor();
    expect(await page.getByTestId('attachment').count()).toBe(0);
    // What streams moves what stands above it, also under a finger that comes down.
    await page.locator('[data-role=assistant][data-status=complete]').waitFor({ timeout: 20_000 });
    await shoot(page, 'files-sent');
    const saving = page.waitForEvent('download');
    await page.getByTestId('message-file').filter({ hasText: 'kế hoạch.md' }).click();
    expect((await saving).suggestedFilename()).toBe('kế hoạch.md');
    await page.reload();
    await page.locator('[data-testid=message-file] img').waitFor();
    await page.getByTestId('message-file').filter({ hasText: 'kế hoạch.md' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('U113 the text of a PDF is read here, under the real policy, and only then is its library loaded', async () => {
    const { page, complaints } = await open();
    const loaded: string[] = [];
    page.on('request', (request) => loaded.push(request.url()));
    await attach(page, 'notes.txt', 'plain');
    await chips(page, 'ready').first().waitFor();
    expect(loaded.filter((url) => url.includes('pdf'))).toEqual([]);
    await attach(page, 'report.pdf', pdf([['The first page', 'has two lines'], ['And a (second) one']]), 'application/pdf');
    await chips(page, 'ready').nth(1).waitFor();
    expect(loaded.some((url) => /pdf\.worker.*\.mjs$/.test(url))).toBe(true);
    await page.getByTestId('composer').fill('Sum it up');
    await page.getByTestId('composer').press('Enter');
    await page.getByTestId('pane').getByText('report.pdf has 10 words and begins with “The first page has two lines And a …”').waitFor();
    const saving = page.waitForEvent('download');
    await page.getByTestId('message-file').filter({ hasText: 'report.pdf' }).click();
    const stream = await (await saving).createReadStream();
    const pieces: Buffer[] = [];
    for await (const piece of stream) pieces.push(piece as Buffer);
    expect(Buffer.concat(pieces).toString()).toBe('The first page\nhas two lines\n\nAnd a (second) one');
    expect(complaints).toEqual([]);
  });

  it('U113 a PDF without text, and one that is none, say so and are not uploaded', async () => {
    const { page, complaints } = await open({ locale: 'vi-VN' });
    await attach(page, 'scan.pdf', pdf([[], []]), 'application/pdf');
    await attach(page, 'broken.pdf', '%PDF-1.4 and nothing', 'application/pdf');
    await page.getByTestId('attachment').getByText('Không có chữ: có vẻ là bản quét.').waitFor();
    await page.getByTestId('attachment').getByText('Không đọc được: tệp hỏng hoặc bị khóa.').waitFor();
    await shoot(page, 'files-refused-vi');
    await page.getByTestId('composer').fill('Đọc giúp tôi');
    expect(await page.getByTestId('send').isDisabled()).toBe(true);
    await page.getByTestId('attachment-remove').first().click();
    await page.getByTestId('attachment-remove').first().click();
    await until('the way to be free', async () => !(await page.getByTestId('send').isDisabled()));
    expect(complaints).toEqual([]);
  });
});
