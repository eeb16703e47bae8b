import type { SessionStore } from '../../../public/src/chat-client/session-store.ts';
import { refused, type ScriptedServer } from '../../support/scripted-server.ts';
import type { ScriptedSession } from '../../support/scripted-session.ts';
import { until } from '../../support/until.ts';
import { openLive, startScripted, untilSame, type Page } from './client-harness.ts';

let server: ScriptedServer;
let session: ScriptedSession;
let page: Page;
let store: SessionStore;
let first: string;

beforeEach(async () => {
  ({ server, session, page } = await startScripted());
  store = await openLive({ server, session, page });
  first = session.begin('Hello?');
  session.end();
  await untilSame(store, session);
});
afterEach(async () => {
  page.close();
  await server.close();
});

const asked = () => server.requestsNamed('message:regenerate');
const shown = () => store.snapshot.value.view?.messages.map(({ id }) => id).join(' ');

/** Accepts as the real one does: the first time it makes a version, after that it answers the same again. */
function accept(publish = true): void {
  server.handlers['message:regenerate'] = ({ messageId, clientMessageId }) => {
    const of = session.messages.find(({ id }) => id === messageId)!;
    const known = session.messages.find((message) => message.clientMessageId === clientMessageId);
    const version = known ?? { ...of, id: `version${session.messages.length}`, clientMessageId, content: '', status: 'streaming' as const };
    const events = [{ type: 'session.switched', tip: of.parentId }, { type: 'message.created', message: version }] as const;
    if (!known) (publish ? session.publish : session.append)(...events);
    return { ok: true, messageId: of.parentId!, replyId: version.id, duplicate: known !== undefined };
  };
}

it('T19 a version is on its way until its event is here, and is one', async () => {
  accept();
  expect(store.makeVersion({ kind: 'regenerate', messageId: first })).toBe(true);
  expect(store.snapshot.value.making).toEqual({ kind: 'regenerate', messageId: first });
  expect(store.makeVersion({ kind: 'regenerate', messageId: first })).toBe(false);
  await until('the version', () => shown()?.endsWith('version2') === true);
  expect(store.snapshot.value.making).toBeNull();
  expect(store.makeVersion({ kind: 'regenerate', messageId: first })).toBe(false);
  expect(asked()).toHaveLength(1);
});

it('T19 one that is not answered is asked for again with its clientMessageId, also over another connection', async () => {
  server.handlers['message:regenerate'] = () => null;
  store.makeVersion({ kind: 'regenerate', messageId: first });
  await until('the first try', () => asked().length === 1);
  await page.pass(10_250);
  await until('the second try', () => asked().length === 2);
  server.peers[0]?.cut();
  await until('the third try', () => asked().length === 3);
  accept();
  await page.pass(10_250);
  await until('the version', () => shown()?.endsWith('version2') === true);
  expect(new Set(asked().map(({ clientMessageId }) => clientMessageId)).size).toBe(1);
  expect(store.snapshot.value.making).toBeNull();
});

it('T19 one whose event was lost is fetched', async () => {
  accept(false);
  store.makeVersion({ kind: 'regenerate', messageId: first });
  await until('the answer', () => asked().length === 1);
  await page.pass(5_250);
  await until('the version', () => shown()?.endsWith('version2') === true);
  expect(store.snapshot.value.making).toBeNull();
});

it('T19 a refusal that may pass is waited for as it says; a final one is told', async () => {
  const problems: string[] = [];
  store.problems.subscribe(({ code }) => void problems.push(code));
  server.handlers['message:regenerate'] = () => refused('rate-limited', 2_000);
  store.makeVersion({ kind: 'regenerate', messageId: first });
  await until('the refusal', () => asked().length === 1);
  await page.pass(1_500);
  expect(asked()).toHaveLength(1);
  server.handlers['message:regenerate'] = () => refused('not-found');
  await page.pass(1_000);
  await until('the second refusal', () => problems.length === 1);
  expect(problems).toEqual(['not-found']);
  expect(store.snapshot.value.making).toBeNull();
  expect(shown()?.endsWith(first)).toBe(true);
});

it('T19 continue and edit ask for theirs, and select for another path', async () => {
  server.handlers['message:continue'] = () => refused('not-found');
  server.handlers['message:edit'] = () => refused('not-found');
  server.handlers['message:select'] = ({ messageId }) => ({ ok: true, tip: messageId });
  store.makeVersion({ kind: 'continue', messageId: first });
  await until('it to be refused', () => store.snapshot.value.making === null);
  store.makeVersion({ kind: 'edit', messageId: 'user1', content: 'Hello there' });
  await until('it to be refused', () => store.snapshot.value.making === null);
  await store.select(first);
  expect(server.requestsNamed('message:continue')).toMatchObject([{ sessionId: session.id, messageId: first }]);
  expect(server.requestsNamed('message:edit')).toMatchObject([{ messageId: 'user1', content: 'Hello there' }]);
  expect(server.requestsNamed('message:select')).toMatchObject([{ messageId: first }]);
});

it('T19 leaving the chat does not lose it', async () => {
  server.handlers['message:regenerate'] = () => null;
  store.makeVersion({ kind: 'regenerate', messageId: first });
  await until('the first try', () => asked().length === 1);
  page.client.close(store);
  accept();
  await page.pass(10_250);
  await until('the version', () => session.messages.length === 3);
  await until('the session to be closed', () => server.requestsNamed('session:close').some(({ sessionId }) => sessionId === session.id));
});
