/** Attaching files, on a scripted server that says what it takes. */
import { AxeBuilder } from '@axe-core/playwright';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Page } from 'playwright-core';
import { wireError, type ErrorCode } from '../../src/protocol/errors.ts';
import type { FileLimits } from '../../src/protocol/wire.ts';
import { PNG } from '../support/sample-files.ts';
import { until } from '../support/until.ts';
import { shoot } from './chromium.ts';
import { describeOnStage, type OnStage } from './on-stage.ts';
import { tell } from './stage.ts';

interface Upload {
  name: string;
  clientFileId: string;
  sessionId: string;
  body: Buffer;
  /** Answers it: as kept, or refused. */
  answer(code?: ErrorCode): void;
}

describeOnStage('files', (on) => {
  const limits: FileLimits = { maxBytes: 100_000, perMessage: 3, images: true, readBytes: 24_000 };
  let uploads: Upload[];
  /** What happens to an upload by itself. */
  let handle: (upload: Upload) => void;

  const keepUploads = (given: FileLimits | null): void => {
    uploads = [];
    handle = (upload) => upload.answer();
    on.stage.server.files = given;
    const app = on.stage.server.http;
    on.stage.server.http = (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
      if (request.method === 'GET' && pathname.startsWith('/api/files/')) return image(response);
      if (request.method !== 'POST' || pathname !== '/api/files') return app(request, response);
      void receive(request, response, searchParams);
      return true;
    };
  };
  const json = (response: ServerResponse, status: number, body: object): true => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    return true;
  };
  const image = (response: ServerResponse): true => {
    response.writeHead(200, { 'content-type': 'image/png' }).end(PNG);
    return true;
  };
  const receive = async (request: IncomingMessage, response: ServerResponse, query: URLSearchParams): Promise<void> => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const [name, clientFileId, sessionId] = ['name', 'clientFileId', 'sessionId'].map((key) => query.get(key) ?? '') as [string, string, string];
    const body = Buffer.concat(pieces);
    const type = body.subarray(0, 4).equals(PNG.subarray(0, 4)) ? 'image/png' : 'text/plain';
    const upload: Upload = {
      name,
      clientFileId,
      sessionId,
      body,
      answer(code) {
        if (code === undefined) json(response, 201, { fileId: `file-${clientFileId}`, name, type, bytes: body.length });
        else json(response, 503, { error: wireError(code, 'scripted') });
      },
    };
    uploads.push(upload);
    handle(upload);
  };

  const open = async (given: FileLimits | null = limits, ...where: Parameters<OnStage['open']>): Promise<Page> => {
    keepUploads(given);
    tell(on.stage.session, 'Hello', 'Hello to you.');
    return (await on.open(...where)).page;
  };
  const attach = (page: Page, ...files: [name: string, content: string | Buffer, mimeType?: string][]): Promise<void> =>
    page.getByTestId('file-input').setInputFiles(files.map(([name, content, mimeType = '']) => ({ name, mimeType, buffer: Buffer.from(content) })));
  const chips = (page: Page, status: string) => page.locator(`[data-testid=attachment][data-status=${status}]`);
  const sends = () => on.stage.server.requestsNamed('message:send');
  const cutOff = (): void => {
    on.stage.server.refuse = () => 'unavailable';
    on.stage.server.peers.forEach((peer) => peer.cut());
  };
  /** As a person does with a file manager, or with the clipboard. */
  const give = (page: Page, how: 'drop' | 'paste', parts: { files?: [string, string][]; text?: string }): Promise<void> =>
    page.evaluate(`((how, parts) => {
      const data = new DataTransfer();
      for (const [name, content] of parts.files ?? []) data.items.add(new File([content], name, { type: name.endsWith('.png') ? 'image/png' : '' }));
      if (parts.text !== undefined) data.setData('text/plain', parts.text);
      const area = document.querySelector('[data-testid=composer]');
      if (how === 'paste') {
        const event = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
        if (area.dispatchEvent(event) && parts.text !== undefined) { area.focus(); document.execCommand('insertText', false, parts.text); }
        return;
      }
      const main = document.querySelector('main');
      for (const type of parts.over ? ['dragenter', 'dragover'] : ['dragenter', 'dragover', 'drop']) main.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
    })(${JSON.stringify(how)}, ${JSON.stringify(parts)})`);

  it('U111 what may be attached is said before anything is chosen', async () => {
    const page = await open();
    await page.getByTestId('attach').click();
    const panel = page.getByTestId('attach-panel');
    await panel.getByText('Up to 100 kB each, 3 in a message').waitFor();
    await panel.getByText('and images (PNG, JPEG, WebP, GIF)').waitFor();
    await panel.getByText('The model reads about 24 kB').waitFor();
    await shoot(page, 'attach-panel');
    const choosing = page.waitForEvent('filechooser');
    await page.getByTestId('attach-choose').click();
    await (await choosing).setFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('Hi') });
    await chips(page, 'ready').waitFor();
    expect(await panel.count()).toBe(0);
  });

  it('U111 where the server takes no files, none are offered', async () => {
    const page = await open(null);
    // What the server takes comes before any answer of it.
    await page.getByText('Hello to you.').waitFor();
    expect(await page.getByTestId('attach').count()).toBe(0);
  });

  it('U112 files are dropped anywhere on the page, which says what it takes, or pasted', async () => {
    const page = await open();
    await give(page, 'drop', { files: [['a.md', 'x']], over: true } as object);
    await page.getByTestId('drop-zone').getByText('Up to 100 kB each').waitFor();
    await shoot(page, 'drop-zone');
    await give(page, 'drop', { files: [['a.md', '# A']] });
    await chips(page, 'ready').waitFor();
    await give(page, 'paste', { files: [['image.png', 'PNG']] });
    await chips(page, 'ready').nth(1).waitFor();
    expect(uploads.map(({ name, body, sessionId }) => [name, body.toString(), sessionId])).toEqual([['a.md', '# A', 'kelp00000001'], ['image.png', 'PNG', 'kelp00000001']]);
    expect(await page.getByTestId('composer').inputValue()).toBe('');
  });

  it('U112 a long text that is pasted may become a file; a short one is text', async () => {
    const page = await open();
    const composer = page.getByTestId('composer');
    await give(page, 'paste', { text: 'Short. ' });
    expect(await page.getByTestId('paste-offer').count()).toBe(0);
    const long = 'A long line of words.\n'.repeat(200);
    await give(page, 'paste', { text: long });
    await page.getByTestId('paste-offer').waitFor();
    await shoot(page, 'paste-offer');
    await page.getByTestId('paste-accept').click();
    await chips(page, 'ready').waitFor();
    expect(await composer.inputValue()).toBe('Short. ');
    expect([uploads[0]?.name, uploads[0]?.body.toString()]).toEqual(['pasted-text.txt', long]);
    await until('the way on', () => page.evaluate<boolean>('document.activeElement?.dataset.testid === "composer"'));
  });

  it('U114 a message goes with all of its files: while one uploads it waits, and what was written stays', async () => {
    const page = await open();
    const waiting: Upload[] = [];
    handle = (upload) => void waiting.push(upload);
    await attach(page, ['a.txt', 'A'], ['b.txt', 'B']);
    await page.getByTestId('composer').fill('Read these');
    await chips(page, 'uploading').nth(1).waitFor();
    await page.getByTestId('composer').press('Enter');
    await page.getByText('Sends once the files are uploaded').waitFor();
    await shoot(page, 'uploading');
    expect(sends()).toEqual([]);
    expect(await page.getByTestId('composer').inputValue()).toBe('Read these');
    await until('both', () => waiting.length === 2);
    waiting.forEach((upload) => upload.answer());
    await chips(page, 'ready').nth(1).waitFor();
    await page.getByTestId('composer').press('Enter');
    await until('the message', () => sends().length === 1);
    const [a, b] = ['a.txt', 'b.txt'].map((name) => `file-${waiting.find((upload) => upload.name === name)?.clientFileId}`);
    expect(sends()[0]).toMatchObject({ content: 'Read these', files: [a, b] });
    expect(await page.getByTestId('attachment').count()).toBe(0);
    await until('an empty composer', async () => (await page.getByTestId('composer').inputValue()) === '');
  });

  it('U115 an upload that fails stays, is tried again by itself and at once by its button, as the same file', async () => {
    const page = await open(limits, on.stage.url, { viewport: { width: 390, height: 844 } });
    handle = (upload) => upload.answer('unavailable');
    await attach(page, ['report.txt', 'R']);
    await page.getByTestId('attachment-retry').waitFor();
    await page.getByTestId('attachment').getByText('Not uploaded yet; trying again').waitFor();
    await shoot(page, 'upload-failed-phone');
    handle = (upload) => upload.answer();
    await page.getByTestId('attachment-retry').click();
    await chips(page, 'ready').waitFor();
    expect(new Set(uploads.map(({ clientFileId }) => clientFileId)).size).toBe(1);
  });

  it('U115 without a connection a file waits, and goes when it is back; text and file are lost by nothing', async () => {
    const page = await open();
    cutOff();
    await page.getByTestId('try-now').waitFor();
    await attach(page, ['report.txt', 'R']);
    await page.getByTestId('composer').fill('Read it');
    await page.getByTestId('attachment').getByText('Waits for the connection').waitFor();
    expect(await page.getByTestId('send').isDisabled()).toBe(true);
    on.stage.server.refuse = () => undefined;
    await chips(page, 'ready').waitFor();
    expect(await page.getByTestId('composer').inputValue()).toBe('Read it');
  });

  it('U116 files of a draft are there after a reload and another chat, without another upload', async () => {
    const page = await open();
    await attach(page, ['a.txt', 'A']);
    await chips(page, 'ready').waitFor();
    await page.getByTestId('composer').fill('About this');
    await page.getByTestId('new-chat').click();
    await page.getByTestId('empty').waitFor();
    expect(await page.getByTestId('attachment').count()).toBe(0);
    await page.goBack();
    await chips(page, 'ready').waitFor();
    await page.reload();
    await chips(page, 'ready').waitFor();
    await page.getByTestId('composer').press('Enter');
    await until('the message', () => sends().length === 1);
    expect(sends()[0]).toMatchObject({ content: 'About this', files: [`file-${uploads[0]?.clientFileId}`] });
    expect(uploads).toHaveLength(1);
    await page.reload();
    await page.getByText('Hello to you.').waitFor();
    expect(await page.getByTestId('attachment').count()).toBe(0);
  });

  it('U133 the files of a draft are its tab\'s, too: another tab sends without them, and they are sent once', async () => {
    const page = await open();
    await attach(page, ['a.txt', 'A']);
    await chips(page, 'ready').waitFor();
    await page.getByTestId('composer').fill('About this');
    const other = await page.context().newPage();
    await other.goto(on.stage.url);
    await other.locator('[data-testid=badge][data-state=online]').waitFor();
    await other.getByText('Hello to you.').waitFor();
    await other.waitForTimeout(500);
    expect([await other.getByTestId('attachment').count(), await other.getByTestId('composer').inputValue()]).toEqual([0, '']);
    await other.getByTestId('composer').fill('Something else');
    await other.getByTestId('composer').press('Enter');
    await until('the message', () => sends().length === 1);
    on.stage.session.delta('Yes.');
    on.stage.session.end();
    await page.getByTestId('pane').getByText('Yes.').waitFor();
    expect([await chips(page, 'ready').count(), await page.getByTestId('composer').inputValue()]).toEqual([1, 'About this']);
    await page.getByTestId('composer').press('Enter');
    await until('the second', () => sends().length === 2);
    expect(sends().map(({ files }) => files)).toEqual([undefined, [`file-${uploads[0]?.clientFileId}`]]);
  });

  it('U134 the files of a tab that is gone are in the next one that opens the chat', async () => {
    const page = await open();
    const last = await page.context().newPage();
    await attach(page, ['a.txt', 'A']);
    await chips(page, 'ready').waitFor();
    await page.getByTestId('composer').fill('About this');
    await page.close();
    await last.goto(on.stage.url);
    await chips(last, 'ready').waitFor();
    expect(await last.getByTestId('composer').inputValue()).toBe('About this');
    await last.getByTestId('composer').press('Enter');
    await until('the message', () => sends().length === 1);
    expect(sends()[0]).toMatchObject({ content: 'About this', files: [`file-${uploads[0]?.clientFileId}`] });
  });

  it('U117 what cannot be attached is said at once, without an upload, and nothing is sent beside it', async () => {
    const page = await open({ ...limits, images: false, perMessage: 5 }, on.stage.url, { viewport: { width: 320, height: 800 } });
    await attach(page, ['large.txt', 'x'.repeat(100_001)], ['program.exe', Buffer.from([77, 90, 0, 3])], ['photo.png', PNG, 'image/png'], ['nothing.txt', ''], ['utf16.txt', Buffer.from('\ufeffTiếng Việt', 'utf16le')]);
    for (const words of ['Larger than 100 kB.', 'Not a text', 'does not see images', 'The file is empty.']) await page.getByTestId('attachment').getByText(words).waitFor();
    await chips(page, 'ready').waitFor();
    await shoot(page, 'attachments-refused-narrow');
    expect(uploads.map(({ name, body }) => [name, body.toString()])).toEqual([['utf16.txt', 'Tiếng Việt']]);
    expect(await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth')).toBe(false);
    await page.getByTestId('composer').fill('Go');
    await page.getByTestId('composer').press('Enter');
    await page.getByText('Remove the files that cannot be sent').waitFor();
    expect(sends()).toEqual([]);
    for (let i = 0; i < 4; i += 1) await chips(page, 'refused').first().getByTestId('attachment-remove').click();
    await page.getByTestId('composer').press('Enter');
    await until('the message', () => sends().length === 1);
    expect(sends()[0]).toMatchObject({ content: 'Go', files: [`file-${uploads[0]?.clientFileId}`] });
  });

  it('U117 more files than a message takes are not taken', async () => {
    const page = await open();
    await attach(page, ['a.txt', 'A'], ['b.txt', 'B'], ['c.txt', 'C'], ['d.txt', 'D']);
    await page.getByTestId('toast').getByText('At most 3 files in a message.').waitFor();
    await chips(page, 'ready').nth(2).waitFor();
    expect(uploads).toHaveLength(3);
  });

  it('U118 a message shows its files, images as they are, and says how much of a text was read', async () => {
    const page = await open(limits, on.stage.url, { viewport: { width: 390, height: 844 } });
    const file = { id: 'f1', name: 'A rather long name of a file that somebody once had.csv', type: 'text/plain', bytes: 340_000, read: 24_000 };
    const image = { id: 'f2', name: 'photo.png', type: 'image/png', bytes: 83 };
    const message = { id: 'with-files', sessionId: on.stage.session.id, position: 3, role: 'user' as const, content: 'Look', status: 'complete' as const, parentId: on.stage.session.messages.at(-1)?.id ?? null, createdAt: '2026-01-01T00:00:00.000Z', files: [file, image] };
    on.stage.session.publish({ type: 'message.created', message });
    await page.locator('[data-testid=message-file] img').waitFor();
    await page.getByText('24 kB of 340 kB read').waitFor();
    await shoot(page, 'message-files-phone');
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  });

  it('U119 a long text is announced as one that is cut; a message that is taken back brings its files', async () => {
    const page = await open(limits, on.stage.url, { colorScheme: 'dark' });
    await attach(page, ['long.txt', 'x'.repeat(60_000)]);
    await page.getByTestId('attachment-cut').getByText('about 24 kB').waitFor();
    on.stage.server.handlers['message:send'] = () => ({ ok: false, error: wireError('invalid', 'scripted') });
    await page.getByTestId('composer').fill('Read it');
    await page.getByTestId('composer').press('Enter');
    await page.getByTestId('message-file').filter({ hasText: 'long.txt' }).waitFor();
    await page.getByTestId('take-back').click();
    await chips(page, 'ready').waitFor();
    expect(await page.getByTestId('composer').inputValue()).toBe('Read it');
    await shoot(page, 'taken-back-dark');
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  });
});
