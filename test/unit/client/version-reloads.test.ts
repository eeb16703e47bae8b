/** A version that was asked for is asked for by the next page too, until the server has it. */
import { refused, type ScriptedServer } from '../../support/scripted-server.ts';
import type { ScriptedSession } from '../../support/scripted-session.ts';
import { acceptVersions } from '../../support/scripted-versions.ts';
import { until } from '../../support/until.ts';
import { openLive, openPage, startScripted, untilLive, untilSame, type Page, type PageOptions } from './client-harness.ts';

const HOUR_MS = 3_600_000;

let server: ScriptedServer;
let session: ScriptedSession;
let reply: string;
const pages: Page[] = [];

beforeEach(async () => {
  const scripted = await startScripted();
  ({ server, session } = scripted);
  pages.push(scripted.page);
  const store = await openLive(scripted);
  reply = session.begin('Hello?');
  session.end();
  await untilSame(store, session);
});
afterEach(async () => {
  pages.splice(0).forEach((page) => page.close());
  await server.close();
});

const asked = () => server.requestsNamed('message:regenerate');
const kept = (page: Page): string[] => [...page.storage.keys()].filter((key) => key.startsWith('holdfast.asked'));

/** Asks for a version in a page whose server does not answer, and closes it. */
async function askedInVain(): Promise<Page> {
  const page = pages[0]!;
  server.handlers['message:regenerate'] = () => null;
  expect(page.client.open(session.id).makeVersion({ kind: 'regenerate', messageId: reply })).toBe(true);
  await until('the try', () => asked().length === 1);
  page.close();
  return page;
}

function reload({ storage }: Page, options: PageOptions = {}): Page {
  const page = openPage(server, { storage, ...options });
  pages.push(page);
  return page;
}

it('T19 a version that was not answered is asked for after a reload, as the same', async () => {
  const page = reload(await askedInVain());
  acceptVersions(server, session);
  const store = page.client.open(session.id);
  expect(store.snapshot.value.making).toEqual({ kind: 'regenerate', messageId: reply });
  await until('it to be there', () => store.snapshot.value.view?.streaming != null && store.snapshot.value.making === null);
  expect(new Set(asked().map(({ clientMessageId }) => clientMessageId)).size).toBe(1);
  expect(session.messages).toHaveLength(3);
  expect(kept(page)).toEqual([]);
});

it('T19 one whose answer was lost with the page is one version, also when it has ended', async () => {
  const before = await askedInVain();
  const [{ clientMessageId } = { clientMessageId: '' }] = asked();
  acceptVersions(server, session).make('regenerate', { sessionId: session.id, messageId: reply, clientMessageId });
  session.end();
  const store = reload(before).client.open(session.id);
  await untilSame(store, { ...session, messages: session.messages.filter(({ id }) => id !== reply) });
  expect(store.snapshot.value.making).toBeNull();
  expect(asked()).toHaveLength(1);
});

it('T19 it is asked for also when nobody looks at its chat', async () => {
  const page = reload(await askedInVain());
  acceptVersions(server, session);
  await page.client.resumeUnsent(null);
  await until('it to be there', () => session.messages.length === 3);
});

it('T19 what was taken back, refused, or forgotten by its reader is not asked for again', async () => {
  const before = await askedInVain();
  const taken = reload(before, { connect: false });
  taken.client.open(session.id).withdrawVersion();
  expect(kept(taken)).toEqual([]);
  taken.close();

  const second = reload(before);
  const store = second.client.open(session.id);
  await untilLive(store);
  server.handlers['message:regenerate'] = () => refused('not-found');
  store.makeVersion({ kind: 'regenerate', messageId: reply });
  expect(kept(second)).toHaveLength(1);
  await until('the refusal', () => store.snapshot.value.making === null);
  expect(kept(second)).toEqual([]);
  server.handlers['message:regenerate'] = () => null;
  store.makeVersion({ kind: 'regenerate', messageId: reply });
  second.close();

  const later = reload(before, { connect: false });
  await later.clock.advance(25 * HOUR_MS);
  expect(later.client.open(session.id).snapshot.value.making).toBeNull();
  await later.client.resumeUnsent(null);
  expect(kept(later)).toEqual([]);
});

it('T19 a chat that is gone takes its version with it; signing out leaves none behind', async () => {
  const before = await askedInVain();
  const open = server.handlers['session:open'];
  server.handlers['session:open'] = () => refused('not-found');
  const second = reload(before);
  const store = second.client.open(session.id);
  await until('the refusal', () => store.snapshot.value.error !== null);
  expect(kept(second)).toEqual([]);
  second.close();

  server.handlers['session:open'] = open;
  const third = reload(before);
  const again = third.client.open(session.id);
  await untilLive(again);
  again.makeVersion({ kind: 'regenerate', messageId: reply });
  expect(kept(third)).toHaveLength(1);
  third.client.signOut();
  third.close();
  expect(kept(third)).toEqual([]);
});

it('T19 a message that is written after a version was asked for follows it, also after a reload', async () => {
  server.handlers['message:send'] = ({ clientMessageId, content }) => {
    const ids = session.begin(content, clientMessageId);
    return { ok: true, messageId: session.messages.at(-2)!.id, replyId: ids, duplicate: false };
  };
  const before = await askedInVain();
  const offline = reload(before, { connect: false });
  offline.client.open(session.id).send('And then?');
  offline.close();
  acceptVersions(server, session);
  const page = reload(before);
  const store = page.client.open(session.id);
  await until('the version', () => session.messages.length === 3);
  expect(server.requestsNamed('message:send')).toEqual([]);
  session.end();
  await until('the message', () => session.messages.some(({ content }) => content === 'And then?'));
  expect(store.snapshot.value.making).toBeNull();
});

it.each([false, true])('B42 what one tab takes back is asked for by no other that has it from storage and has not asked yet (told late: %s)', async (deaf) => {
  const before = await askedInVain();
  const tried = asked().length;
  const here = reload(before, { connect: false });
  const there = reload(before, { connect: false, deaf });
  const other = there.client.open(session.id);
  expect(other.snapshot.value.making).toEqual({ kind: 'regenerate', messageId: reply });
  here.client.open(session.id).withdrawVersion();
  if (!deaf) expect(other.snapshot.value.making).toBeNull();
  acceptVersions(server, session);
  there.client.connect();
  await untilLive(other);
  await there.pass(3_000);
  expect(other.snapshot.value.making).toBeNull();
  expect(asked()).toHaveLength(tried);
});

it('B42 tabs that ask at the same time do not take each other\'s back', async () => {
  const [first] = pages;
  first!.close();
  const here = reload(first!, { connect: false });
  const there = reload(first!);
  const [store, other] = [here.client.open(session.id), there.client.open(session.id)];
  here.client.connect();
  await Promise.all([untilLive(store), untilLive(other)]);
  here.client.disconnect();
  there.client.disconnect();
  store.makeVersion({ kind: 'regenerate', messageId: reply });
  other.makeVersion({ kind: 'continue', messageId: reply });
  expect(kept(here)).toHaveLength(2);
  other.withdrawVersion();
  acceptVersions(server, session);
  here.client.connect();
  await until('the first', () => session.messages.length === 3);
  expect([asked().length, server.requestsNamed('message:continue').length]).toEqual([1, 0]);
});
