/** Files of the chat client, against a scripted server. */
import { FileTransfer } from '../../../public/src/chat-client/file-transfer.ts';
import { FileUploads, type Attachment, type NewFile, type Prepared } from '../../../public/src/chat-client/file-uploads.ts';
import type { SessionStore } from '../../../public/src/chat-client/session-store.ts';
import { asJson, asMarkdown } from '../../../public/src/chat-client/transcript.ts';
import { wireError, type ErrorCode } from '../../../src/protocol/errors.ts';
import { startScriptedServer, type ScriptedServer } from '../../support/scripted-server.ts';
import { scriptedSession, type ScriptedSession } from '../../support/scripted-session.ts';
import { until } from '../../support/until.ts';
import { openPage, untilLive, type Page, type PageOptions } from './client-harness.ts';

let server: ScriptedServer;
let session: ScriptedSession;
let seen: { query: Record<string, string>; token: string; body: string }[];
/** What an upload is answered with; null: the connection is cut. */
let answer: () => ErrorCode | 'kept' | null;
const pages: Page[] = [];

beforeEach(async () => {
  server = await startScriptedServer();
  session = scriptedSession(server);
  server.handlers['session:open'] = (request) => session.open(request);
  seen = [];
  answer = () => 'kept';
  server.http = (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname !== '/api/files' || request.method !== 'POST') return false;
    void (async () => {
      let body = '';
      for await (const piece of request) body += String(piece);
      const query = Object.fromEntries(searchParams);
      seen.push({ query, token: request.headers.authorization ?? '', body });
      const outcome = answer();
      if (outcome === null) return request.socket.destroy();
      const status = outcome === 'kept' ? 201 : outcome === 'unauthenticated' ? 401 : outcome === 'unavailable' ? 503 : 400;
      const kept = { fileId: `file-${query['clientFileId']}`, name: query['name'], type: 'text/plain', bytes: body.length };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(outcome === 'kept' ? kept : { error: wireError(outcome, 'scripted') }));
    })();
    return true;
  };
});
afterEach(async () => {
  pages.splice(0).forEach((page) => page.close());
  await server.close();
});

async function open(options: PageOptions = {}): Promise<{ page: Page; uploads: FileUploads; store: SessionStore }> {
  const page = openPage(server, options);
  pages.push(page);
  await page.online();
  const { parts } = page.client.files;
  const uploads = new FileUploads(parts.env, new FileTransfer(parts), parts.kept);
  parts.connection.state.subscribe(() => uploads.pump());
  const store = page.client.open(session.id);
  await untilLive(store);
  return { page, uploads, store };
}
/** Of one file, ready to be sent. */
async function uploaded(uploads: FileUploads): Promise<ReturnType<FileUploads['take']>> {
  uploads.useSession(session.id);
  uploads.add(text('a.txt'));
  await ready(uploads);
  return uploads.take();
}
const text = (name: string, content = name): NewFile => {
  return { name, bytes: content.length, type: '', prepare: async () => ({ body: new Blob([content]), type: 'text/plain' }) };
};
const shown = (uploads: FileUploads): [string, Attachment['status']][] => uploads.list.value.map(({ name, status }) => [name, status]);
const ready = (uploads: FileUploads, count = 1): Promise<void> => until('the upload', () => uploads.list.value.filter(({ status }) => status === 'ready').length === count);

it('B34 a file keeps its id over tries and connections until the server took it, and is then known by the server\'s', async () => {
  const { page, uploads } = await open();
  const outcomes: ReturnType<typeof answer>[] = ['unavailable', null, 'kept'];
  answer = () => outcomes[seen.length - 1] ?? null;
  uploads.useSession(session.id);
  uploads.add(text('ghi chú.md', 'Xin chào'));
  await until('the first try', () => uploads.list.value[0]?.error?.code === 'unavailable');
  await page.pass(2_000);
  await until('the second try', () => seen.length >= 2);
  await page.pass(8_000);
  await ready(uploads);
  const { id } = uploads.list.value[0]!;
  expect(seen.map(({ query, body }) => [query, body])).toEqual(Array.from({ length: 3 }, () => [{ sessionId: session.id, name: 'ghi chú.md', clientFileId: id }, 'Xin chào']));
  expect(uploads.list.value[0]).toMatchObject({ fileId: `file-${id}`, error: null, sent: 1 });
});

it('B34 a file waits for the session and for the connection, and goes at once when both are there', async () => {
  const { page, uploads } = await open();
  uploads.add(text('a.txt'));
  await until('it to be read', () => uploads.list.value[0]?.status === 'waiting');
  page.client.disconnect();
  uploads.useSession(session.id);
  await page.pass(1_000);
  expect(seen).toEqual([]);
  page.client.connect();
  await page.online();
  await ready(uploads);
});

it('B34 a token that ended is renewed once', async () => {
  const { uploads } = await open();
  const outcomes: ReturnType<typeof answer>[] = ['unauthenticated', 'kept'];
  answer = () => outcomes.shift() ?? 'kept';
  uploads.useSession(session.id);
  uploads.add(text('a.txt'));
  await ready(uploads);
  expect(new Set(seen.map(({ token }) => token)).size).toBe(2);
});

it('B35 a final refusal stays with its file, and so does what was wrong with it before; others go on', async () => {
  const { page, uploads } = await open();
  const outcomes: ReturnType<typeof answer>[] = ['invalid', 'kept'];
  answer = () => outcomes.shift() ?? 'kept';
  uploads.useSession(session.id);
  const bad = (prepare: () => Promise<Prepared>): NewFile => ({ ...text('bad'), prepare });
  uploads.add(text('refused.txt'));
  await until('the refusal', () => uploads.list.value[0]?.status === 'refused');
  uploads.add(bad(async () => ({ problem: 'pdf-no-text' })));
  uploads.add(bad(() => Promise.reject(new Error('damaged'))));
  uploads.add(text('fine.txt'));
  await ready(uploads);
  await page.pass(20_000);
  expect(uploads.list.value.map(({ status, problem, error }) => [status, problem, error?.code])).toEqual([
    ['refused', null, 'invalid'],
    ['refused', 'pdf-no-text', undefined],
    ['refused', 'unreadable', undefined],
    ['ready', null, undefined],
  ]);
  expect(seen).toHaveLength(2);
  uploads.retry(uploads.list.value[0]!.id);
  await ready(uploads, 2);
});

it('B35 two go at a time, one that is removed is given up', async () => {
  const { uploads } = await open();
  let free = (): void => {};
  const held = new Promise<void>((resolve) => (free = resolve));
  const { http } = server;
  server.http = (request, response) => {
    void held.then(() => http(request, response));
    return true;
  };
  uploads.useSession(session.id);
  for (const name of ['a', 'b', 'c', 'd']) uploads.add(text(name));
  await until('two on their way', () => shown(uploads).filter(([, status]) => status === 'uploading').length === 2);
  uploads.remove(uploads.list.value[1]!.id);
  uploads.remove(uploads.list.value[1]!.id);
  free();
  await ready(uploads, 2);
  expect(shown(uploads)).toEqual([['a', 'ready'], ['d', 'ready']]);
  expect(seen.map(({ body }) => body).filter((body) => body === 'c')).toEqual([]);
});

it('B36 what is ready goes with a message, which names it in each try; what is not stays', async () => {
  const { page, uploads, store } = await open();
  uploads.useSession(session.id);
  uploads.add(text('a.txt'));
  await ready(uploads);
  answer = () => 'invalid';
  uploads.add(text('b.txt'));
  await until('the refusal', () => uploads.list.value[1]?.status === 'refused');
  const files = uploads.take();
  expect([files.map(({ name }) => name), shown(uploads)]).toEqual([['a.txt'], [['b.txt', 'refused']]]);
  let tries = 0;
  server.handlers['message:send'] = ({ clientMessageId, content }) => {
    tries += 1;
    if (tries === 1) return { ok: false, error: wireError('unavailable', 'scripted') };
    const replyId = session.begin(content, clientMessageId);
    return { ok: true, messageId: 'm', replyId, duplicate: false };
  };
  store.send('', files);
  expect(store.snapshot.value.pending).toMatchObject([{ content: '', files }]);
  await page.pass(5_000);
  await until('the message', () => tries === 2);
  const ids = files.map(({ id }) => id);
  expect(server.requestsNamed('message:send').map((request) => request.files)).toEqual([ids, ids]);
});

it('B36 a message without files says nothing of them', async () => {
  const { store } = await open();
  store.send('Hello');
  await until('the message', () => server.requestsNamed('message:send').length === 1);
  expect(server.requestsNamed('message:send')[0]).not.toHaveProperty('files');
});

it('B37 what is uploaded and not sent is there after a reload, as long as the server keeps it', async () => {
  const storage = new Map<string, string>();
  const first = await open({ storage });
  const before = await uploaded(first.uploads);
  first.uploads.putBack(before);
  first.page.close();
  const second = await open({ storage });
  expect(second.page.client.files.hasKept(session.id)).toBe(true);
  second.uploads.useSession(session.id);
  expect(second.uploads.take()).toEqual(before);
  expect(second.page.client.files.hasKept(session.id)).toBe(false);
  second.uploads.putBack(before);
  await second.page.clock.advance(21 * 3_600_000);
  const third = new FileUploads(second.page.client.files.parts.env, new FileTransfer(second.page.client.files.parts), second.page.client.files.parts.kept);
  third.useSession(session.id);
  expect(shown(third)).toEqual([]);
});

it('B47 what a tab uploaded stays its own until it is gone; then the next tab that opens the chat has it', async () => {
  const storage = new Map<string, string>();
  const alive = ['first', 'second'];
  const tab = (id: string) => ({ id, isAlive: async (other: string) => alive.includes(other) });
  const first = await open({ storage, tab: tab('first') });
  first.uploads.putBack(await uploaded(first.uploads));
  const second = await open({ storage, tab: tab('second') });
  second.uploads.useSession(session.id);
  await second.page.pass(500);
  expect([shown(second.uploads), second.uploads.take()]).toEqual([[], []]);
  second.page.close();
  alive.splice(0);
  const third = await open({ storage, tab: tab('third') });
  third.uploads.useSession(session.id);
  await ready(third.uploads);
  expect(third.uploads.take()).toMatchObject([{ name: 'a.txt' }]);
  expect([...storage.keys()].filter((key) => key.includes('files'))).toEqual([]);
});

it('B37 a message with files that waits survives a reload with them; signing out leaves nothing behind', async () => {
  const storage = new Map<string, string>();
  const first = await open({ storage });
  const files = await uploaded(first.uploads);
  server.handlers['message:send'] = () => null;
  first.store.send('Look', files);
  first.page.close();
  const second = await open({ storage });
  expect(second.store.snapshot.value.pending).toMatchObject([{ content: 'Look', files }]);
  second.uploads.useSession(session.id);
  second.uploads.putBack(files);
  second.page.client.signOut();
  expect([...storage.keys()].filter((key) => key.includes('files'))).toEqual([]);
});

it('B38 what the server takes is told with each connection, and stays known without one; a server that says nothing takes nothing', async () => {
  const { page } = await open();
  expect(page.client.files.limits.value).toBeNull();
  server.files = { maxBytes: 10, perMessage: 2, images: false, readBytes: 5 };
  page.client.disconnect();
  page.client.connect();
  await until('the limits', () => page.client.files.limits.value !== null);
  page.client.disconnect();
  expect(page.client.files.limits.value).toEqual(server.files);
  server.files = null;
  page.client.connect();
  await until('no limits', () => page.client.files.limits.value === null);
});

it('U60 an export names the files of a message, and its JSON has all that is known of them', () => {
  const files = [{ id: 'f1', name: 'plan.md', type: 'text/markdown', bytes: 9 }, { id: 'f2', name: 'photo.png', type: 'image/png', bytes: 83 }];
  const message = { id: 'm1', sessionId: session.id, position: 1, role: 'user' as const, content: 'Look', status: 'complete' as const, parentId: null, createdAt: '2026-01-01', files };
  const words = { user: 'You', assistant: 'It', time: (at: string) => at, mark: () => '' };
  expect(asMarkdown(session.session, [message], words)).toBe('# A scripted chat\n\n## You · 2026-01-01\n\n📎 plan.md  \n📎 photo.png\n\nLook\n');
  expect(JSON.parse(asJson(session.session, [message]))).toMatchObject({ messages: [{ files }] });
});
