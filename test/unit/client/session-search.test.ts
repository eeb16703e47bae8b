import { reveal } from '../../../public/src/chat-client/reveal.ts';
import { SessionSearch } from '../../../public/src/chat-client/session-search.ts';
import type { FoundSession, Message } from '../../../src/protocol/wire.ts';
import { refused, startScriptedServer, type ScriptedServer } from '../../support/scripted-server.ts';
import { scriptedSession, type ScriptedSession } from '../../support/scripted-session.ts';
import { until } from '../../support/until.ts';
import { openPage, untilLive, type Page } from './client-harness.ts';

let server: ScriptedServer;
let page: Page;
beforeEach(async () => {
  server = await startScriptedServer();
  page = openPage(server);
  await page.online();
});
afterEach(async () => {
  page.close();
  await server.close();
});

const found = (id: string): FoundSession => ({
  session: { id, title: id, createdAt: 'now', updatedAt: 'now', messageCount: 2, streaming: false },
  titleRanges: [],
  hits: [],
  moreHits: false,
});
const asked = () => server.requestsNamed('session:search');

describe('a search', () => {
  let search: SessionSearch;
  const ids = () => search.state.value.found.map(({ session }) => session.id);
  beforeEach(() => {
    search = new SessionSearch(page.client.env, page.client.connection);
  });

  it('B26 is asked when the typing rests, once', async () => {
    server.handlers['session:search'] = ({ query }) => ({ ok: true, found: [found(query.length === 3 ? 'tea' : 'other')], hasMore: false });
    for (const text of ['t', 'tr', 'trà ']) {
      search.type(text);
      await page.pass(150);
    }
    expect(search.state.value).toMatchObject({ busy: true, found: [] });
    await page.pass(250);
    await until('the answer', () => ids().join() === 'tea');
    expect(asked()).toEqual([{ query: 'trà' }]);
    search.type(' trà');
    expect(search.state.value.busy).toBe(false);
    search.type('  ');
    expect(search.state.value).toMatchObject({ query: '', found: [], busy: false });
  });

  it('B26 an answer to what is not asked any more is dropped', async () => {
    const answers: (() => void)[] = [];
    server.handlers['session:search'] = ({ query }) => new Promise((resolve) => answers.push(() => resolve({ ok: true, found: [found(query)], hasMore: false })));
    search.type('one');
    await page.pass(250);
    await until('the first question', () => asked().length === 1);
    search.type('two');
    await page.pass(250);
    await until('the second question', () => asked().length === 2);
    answers[1]?.();
    await until('its answer', () => ids().join() === 'two');
    answers[0]?.();
    await page.pass(250);
    expect(ids()).toEqual(['two']);
  });

  it('B26 the next page goes below without repeating, and what fails can be asked again', async () => {
    server.handlers['session:search'] = () => refused('unavailable');
    search.type('tea');
    await page.pass(250);
    await until('the refusal', () => search.state.value.error?.code === 'unavailable');
    server.handlers['session:search'] = ({ before }) => before === undefined
      ? { ok: true, found: [found('a'), found('b')], hasMore: true, before: 'p' }
      : { ok: true, found: [found('b'), found('c')], hasMore: false };
    await search.ask();
    expect(search.state.value).toMatchObject({ error: null, hasMore: true });
    await search.more();
    expect(ids()).toEqual(['a', 'b', 'c']);
    await search.more();
    expect(asked()).toHaveLength(3);
    search.drop('b');
    expect(ids()).toEqual(['a', 'c']);
  });
});

describe('a message of a session', () => {
  let session: ScriptedSession;
  beforeEach(() => {
    session = scriptedSession(server);
    for (let i = 0; i < 30; i += 1) {
      session.begin(`question ${i}`, undefined, false);
      session.lose('answer');
      session.end();
    }
    const PAGE = 10;
    server.handlers['session:open'] = (request) => ({ ...session.open(request), messages: session.path().slice(-PAGE), hasMore: true, before: String(session.path().at(-PAGE)?.position) }) as ReturnType<ScriptedSession['open']>;
    server.handlers['session:history'] = ({ before }) => {
      const above = session.path().filter(({ position }) => position < Number(before));
      const messages = above.slice(-PAGE);
      return { ok: true, messages, hasMore: above.length > PAGE, before: String(messages[0]?.position) };
    };
  });
  const placeOf = ({ id, position }: Message) => ({ messageId: id, position });

  it('B27 is brought into the view page by page, as far as it needs and no further', async () => {
    const store = page.client.open(session.id);
    const target = session.messages[20]!;
    expect(await reveal(page.client.env, page.client.connection, store, placeOf(target))).toMatchObject({ ok: true });
    expect(store.snapshot.value.view?.messages.map(({ id }) => id)).toContain(target.id);
    expect(server.requestsNamed('session:history')).toHaveLength(3);
    expect(server.requestsNamed('message:select')).toEqual([]);
  });

  it('B27 of another version is selected first', async () => {
    const store = page.client.open(session.id);
    await untilLive(store);
    const [parent, shown] = [session.messages[56]!, session.messages[57]!];
    const other: Message = { ...shown, id: 'other-version', position: 61, content: 'another', siblings: 2, versions: [shown.id, 'other-version'] };
    session.append({ type: 'message.created', message: { ...other, parentId: parent.id } }, { type: 'session.switched', tip: session.messages[59]!.id });
    server.handlers['message:select'] = ({ messageId }) => {
      session.publish({ type: 'session.switched', tip: messageId });
      return { ok: true, tip: messageId };
    };
    expect(await reveal(page.client.env, page.client.connection, store, placeOf(other))).toMatchObject({ ok: true });
    expect(server.requestsNamed('message:select')).toEqual([{ sessionId: session.id, messageId: 'other-version' }]);
    expect(store.snapshot.value.view?.messages.at(-1)?.id).toBe('other-version');
  });

  it('B27 that is refused, or whose session is gone, is an error', async () => {
    const store = page.client.open(session.id);
    server.handlers['message:select'] = () => refused('session-busy');
    expect(await reveal(page.client.env, page.client.connection, store, { messageId: 'none', position: 60 })).toMatchObject({ ok: false, error: { code: 'session-busy' } });
    server.handlers['session:open'] = () => refused('not-found');
    const gone = page.client.open('gone');
    expect(await reveal(page.client.env, page.client.connection, gone, { messageId: 'none', position: 1 })).toMatchObject({ ok: false, error: { code: 'not-found' } });
  });
});
