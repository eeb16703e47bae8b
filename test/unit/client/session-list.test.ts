import { applyChange } from '../../../public/src/chat-client/session-list.ts';
import { readShared } from '../../../public/src/chat-client/shared.ts';
import type { Session } from '../../../src/protocol/wire.ts';
import { refused, startScriptedServer, type ScriptedServer } from '../../support/scripted-server.ts';
import { until } from '../../support/until.ts';
import { openPage, type Page } from './client-harness.ts';

const at = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
const chat = (id: string, minute: number, title = id): Session => ({ id, title, createdAt: at(0), updatedAt: at(minute), messageCount: 2, streaming: false });

let server: ScriptedServer;
let page: Page;
const list = () => page.client.sessions.state.value;
const ids = () => list().sessions.map(({ id }) => id);

beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(async () => {
  page.close();
  await server.close();
});

async function loadedPage(...sessions: Session[]): Promise<void> {
  server.handlers['session:list'] = () => ({ ok: true, sessions, hasMore: false });
  page = openPage(server);
  await until('the list', () => list().loaded);
}

it('B18 sessions are listed, and follow what other tabs do', async () => {
  await loadedPage(chat('b', 2), chat('a', 1));
  expect(ids()).toEqual(['b', 'a']);
  server.emit('sessions:changed', { sessionId: 'c', change: 'created', session: chat('c', 3) });
  server.emit('sessions:changed', { sessionId: 'a', change: 'renamed', session: chat('a', 4, 'New name') });
  server.emit('sessions:changed', { sessionId: 'b', change: 'deleted' });
  await until('the changes', () => ids().join() === 'a,c');
  expect(list().sessions[0]?.title).toBe('New name');
});

it('B18 a change that comes while the list is on its way is not lost under it', async () => {
  let answer = (): void => {};
  server.handlers['session:list'] = () => new Promise((resolve) => (answer = () => resolve({ ok: true, sessions: [chat('a', 1), chat('b', 0)], hasMore: false })));
  page = openPage(server);
  await until('the request', () => server.requestsNamed('session:list').length === 1);
  server.emit('sessions:changed', { sessionId: 'c', change: 'created', session: chat('c', 3) });
  server.emit('sessions:changed', { sessionId: 'b', change: 'deleted' });
  await until('the change', () => ids().length === 1);
  answer();
  await until('the list', () => list().loaded);
  expect(ids()).toEqual(['c', 'a']);
});

it('B18 the next page goes below, without repeating what is there', async () => {
  await loadedPage();
  server.handlers['session:list'] = ({ before }) => before === undefined
    ? { ok: true, sessions: [chat('b', 2), chat('a', 1)], hasMore: true, before: 'p' }
    : { ok: true, sessions: [chat('a', 1), chat('z', 0)], hasMore: false };
  await page.client.sessions.load();
  await page.client.sessions.loadMore();
  expect(ids()).toEqual(['b', 'a', 'z']);
  expect(list().hasMore).toBe(false);
});

it('B18 a list that failed is asked for again', async () => {
  server.handlers['session:list'] = () => refused('unavailable', 3_000);
  page = openPage(server);
  await until('the refusal', () => list().error?.code === 'unavailable');
  server.handlers['session:list'] = () => ({ ok: true, sessions: [chat('a', 1)], hasMore: false });
  await page.pass(3_250);
  await until('the list', () => list().loaded && list().error === null);
});

it('B18 renaming and deleting answer with what the server said', async () => {
  await loadedPage(chat('a', 1), chat('b', 0));
  server.handlers['session:rename'] = ({ sessionId, title }) => ({ ok: true, session: chat(sessionId, 5, title) });
  expect(await page.client.sessions.rename('b', 'Better')).toMatchObject({ ok: true, value: { title: 'Better' } });
  expect(ids()).toEqual(['b', 'a']);
  server.handlers['session:delete'] = () => refused('unavailable');
  expect(await page.client.sessions.remove('b')).toMatchObject({ ok: false, error: { code: 'unavailable' } });
  expect(ids()).toEqual(['b', 'a']);
  server.handlers['session:delete'] = () => refused('not-found');
  expect(await page.client.sessions.remove('b')).toMatchObject({ ok: true });
  expect(ids()).toEqual(['a']);
});

it('B18 a changed session moves to its place by time', () => {
  const sessions = [chat('a', 3), chat('b', 2), chat('c', 1)];
  const change = { kind: 'sessions', sessionId: 'c', change: 'updated', session: chat('c', 5) } as const;
  expect(applyChange(sessions, change).map(({ id }) => id)).toEqual(['c', 'a', 'b']);
});

it('U142 a session that another tab hides and takes back goes and comes with it, whatever changes meanwhile', async () => {
  await loadedPage(chat('b', 2), chat('a', 1));
  const other = openPage(server, { storage: page.storage });
  const others = () => other.client.sessions.state.value.sessions.map(({ id }) => id);
  await until('its list', () => others().length === 2);
  page.client.sessions.hide('a');
  expect(others()).toEqual(['b']);
  server.emit('sessions:changed', { sessionId: 'b', change: 'renamed', session: chat('b', 3, 'New name') });
  await until('the change', () => other.client.sessions.state.value.sessions[0]?.title === 'New name');
  page.client.sessions.keep('a');
  expect([ids(), others()]).toEqual([['b', 'a'], ['b', 'a']]);
  other.close();
});

it('U142 a session that was changed or deleted while it was hidden comes back as it is, or not at all', async () => {
  await loadedPage(chat('c', 3), chat('b', 2), chat('a', 1));
  page.client.sessions.hide('a');
  page.client.sessions.hide('b');
  server.emit('sessions:changed', { sessionId: 'a', change: 'renamed', session: chat('a', 5, 'New name') });
  server.emit('sessions:changed', { sessionId: 'b', change: 'deleted' });
  server.emit('sessions:changed', { sessionId: 'd', change: 'created', session: chat('d', 4) });
  await until('the changes', () => ids().join() === 'd,c');
  page.client.sessions.keep('a');
  page.client.sessions.keep('b');
  expect(ids()).toEqual(['a', 'd', 'c']);
  expect(list().sessions[0]?.title).toBe('New name');
});

it('B28 pinned sessions stay above, also when others change; pinning asks the server and takes its answer', async () => {
  await loadedPage({ ...chat('old', 0), pinned: true }, chat('b', 2), chat('a', 1));
  server.emit('sessions:changed', { sessionId: 'a', change: 'updated', session: chat('a', 5) });
  await until('the change', () => ids().join() === 'old,a,b');
  server.handlers['session:pin'] = ({ sessionId, pinned }) => ({ ok: true, session: { ...chat(sessionId, 2), ...(pinned && { pinned }) } });
  expect(await page.client.sessions.pin('b', true)).toMatchObject({ ok: true, value: { pinned: true } });
  expect(ids()).toEqual(['b', 'old', 'a']);
  server.handlers['session:pin'] = () => refused('unavailable');
  expect(await page.client.sessions.pin('a', true)).toMatchObject({ ok: false });
  expect(ids()).toEqual(['b', 'old', 'a']);
});

it('B28 a session that was unpinned finds its place when the page it belongs to comes, once', async () => {
  await loadedPage();
  server.handlers['session:list'] = ({ before }) => before === undefined
    ? { ok: true, sessions: [{ ...chat('pinned', 1), pinned: true }, chat('c', 9)], hasMore: true, before: 'p' }
    : { ok: true, sessions: [chat('b', 5), chat('pinned', 1), chat('a', 0)], hasMore: false };
  await page.client.sessions.load();
  server.emit('sessions:changed', { sessionId: 'pinned', change: 'updated', session: chat('pinned', 1) });
  await until('the change', () => ids().join() === 'c,pinned');
  await page.client.sessions.loadMore();
  expect(ids()).toEqual(['c', 'b', 'pinned', 'a']);
});

it('B29 sharing and revoking answer with what the server said, and all tabs see it', async () => {
  await loadedPage(chat('a', 1));
  const share = { id: 'secret', createdAt: at(2) };
  server.handlers['session:share'] = () => ({ ok: true, shareId: 'secret', path: '/#/share/secret', createdAt: at(2), session: { ...chat('a', 1), share } });
  expect(await page.client.sessions.share('a')).toMatchObject({ ok: true, value: { shareId: 'secret' } });
  expect(list().sessions[0]?.share).toEqual(share);
  server.handlers['session:unshare'] = () => refused('unavailable');
  expect(await page.client.sessions.unshare('a')).toMatchObject({ ok: false, error: { code: 'unavailable' } });
  expect(list().sessions[0]?.share).toEqual(share);
  server.handlers['session:unshare'] = () => ({ ok: true, session: chat('a', 1) });
  expect(await page.client.sessions.unshare('a')).toMatchObject({ ok: true });
  expect(list().sessions[0]).not.toHaveProperty('share');
});

it('B29 what is shared is read without a token, and an answer that is none is an error', async () => {
  await loadedPage();
  const asked: [string | undefined, string | undefined][] = [];
  let body: object = { title: 'T', createdAt: at(1), messages: [{ role: 'user', content: 'Hi', status: 'complete', createdAt: at(1) }], total: 1, hasMore: false };
  server.http = ({ url, headers }, response) => {
    if (!url?.startsWith('/api/shares/')) return false;
    asked.push([url, headers.authorization]);
    response.end(JSON.stringify(body));
    return true;
  };
  expect(await readShared(page.client.env, server.url, 'secret', 2)).toEqual({ ok: true, value: body });
  expect(asked).toEqual([['/api/shares/secret?after=2', undefined]]);
  body = { title: 'T' };
  expect(await readShared(page.client.env, server.url, 'secret')).toMatchObject({ ok: false, error: { code: 'bad-answer' } });
});
