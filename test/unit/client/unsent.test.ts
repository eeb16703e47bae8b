import { until } from '../../support/until.ts';
import { refused, startScriptedServer, type ScriptedServer } from '../../support/scripted-server.ts';
import { scriptedSession, type ScriptedSession } from '../../support/scripted-session.ts';
import type { SessionStore } from '../../../public/src/chat-client/session-store.ts';
import { tabsOfBrowser, untilLive, type Page } from './client-harness.ts';

let server: ScriptedServer;
let session: ScriptedSession;
let storage: Map<string, string>;
const { openTab } = tabsOfBrowser(() => ({ server, storage }));

beforeEach(async () => {
  server = await startScriptedServer();
  session = scriptedSession(server);
  storage = new Map();
  server.handlers['session:open'] = (request) => session.open(request);
  server.handlers['message:send'] = ({ clientMessageId, content }) => {
    const known = session.messages.find((message) => message.clientMessageId === clientMessageId);
    if (known === undefined) session.begin(content, clientMessageId);
    const message = session.messages.find((other) => other.clientMessageId === clientMessageId)!;
    return { ok: true, messageId: message.id, replyId: `reply${message.position + 1}`, duplicate: known !== undefined };
  };
});
afterEach(() => server.close());

const sends = () => server.requestsNamed('message:send');
/** Not the marks of those that were taken back. */
const kept = (): string[] => [...storage].flatMap(([key, value]) => (key.startsWith('holdfast.unsent') && value.includes('"content"') ? [value] : []));
const tab = (id: string, alive: string[]) => ({ id, isAlive: (other: string) => Promise.resolve(alive.includes(other)) });

it('U66 what was written without a connection is sent after a reload, once and as the same message', async () => {
  const first = openTab({ connect: false });
  const id = first.client.open(session.id);
  id.send('Written offline');
  const { clientMessageId } = id.snapshot.value.pending[0]!;
  first.close();
  const second = openTab({ connect: false });
  const store = second.client.open(session.id);
  expect(store.snapshot.value.pending).toMatchObject([{ clientMessageId, content: 'Written offline', status: 'sending' }]);
  second.client.connect();
  await until('it to be there', () => store.snapshot.value.pending.length === 0);
  expect(sends()).toEqual([{ sessionId: session.id, clientMessageId, content: 'Written offline' }]);
  expect(kept()).toEqual([]);
});

it('U66 a message that was sent and not acknowledged before a reload is one message', async () => {
  const first = openTab();
  await first.online();
  const store = first.client.open(session.id);
  await untilLive(store);
  const { 'message:send': accept } = server.handlers;
  server.handlers['message:send'] = (payload, peer) => {
    void accept(payload, peer);
    return null;
  };
  store.send('Heard, not answered');
  await until('the server to have it', () => session.messages.length === 2);
  session.end();
  // Its event is lost with the page.
  first.close();
  const { clientMessageId } = session.messages[0]!;
  storage.set(first.client.account.keyOf(`holdfast.unsent:${server.url}:${session.id}:${clientMessageId}`), JSON.stringify({ clientMessageId, content: 'Heard, not answered', createdAt: 1, refused: false, tab: 'only' }));
  server.handlers['message:send'] = accept;
  const second = openTab();
  const again = second.client.open(session.id);
  await untilLive(again);
  await until('nothing to wait any more', () => again.snapshot.value.pending.length === 0 && kept().length === 0);
  expect(session.messages).toHaveLength(2);
});

it('U66 a chat nobody looks at sends what waits in it, too', async () => {
  const first = openTab({ connect: false });
  first.client.open(session.id).send('Left behind');
  first.close();
  const second = openTab();
  await second.online();
  await second.client.resumeUnsent(second.client.open('another00001'));
  await until('it to be sent', () => sends().length === 1);
  expect(sends()[0]?.content).toBe('Left behind');
  await until('nothing to be kept', () => kept().length === 0);
});

it('U66 a new chat takes over what a tab that is gone wrote in one, and leaves alone what a living one did', async () => {
  const first = openTab({ connect: false, tab: tab('first', []) });
  first.client.open(null).send('Begun offline');
  const alive = openTab({ tab: tab('second', ['first']) });
  const beside = alive.client.open(null);
  await alive.client.resumeUnsent(beside);
  expect(beside.snapshot.value.pending).toEqual([]);
  first.close();
  const later = openTab({ tab: tab('third', ['second']) });
  const store = later.client.open(null);
  await later.client.resumeUnsent(store);
  await until('it to be sent', () => sends().length === 1);
  expect(store.snapshot.value.sessionId).toBe(session.id);
  await until('nothing to be kept', () => kept().length === 0);
  expect(sends()).toHaveLength(1);
});

it('U66 a message whose chat never came to be begins a new one', async () => {
  const { 'message:send': accept } = server.handlers;
  const made = scriptedSession(server, 'never0000001');
  server.handlers['session:open'] = (request) => made.open(request);
  server.handlers['message:send'] = () => null;
  const first = openTab();
  await first.online();
  first.client.open(null).send('First words');
  await until('the try', () => sends().length === 1);
  first.close();
  server.handlers['message:send'] = accept;
  server.handlers['session:open'] = (request) => (request.sessionId === 'never0000001' ? refused('not-found') : session.open(request));
  const second = openTab();
  const store = second.client.open('never0000001');
  await until('it to be sent', () => sends().length === 2);
  expect(store.snapshot.value.sessionId).toBe(session.id);
  await until('nothing to be kept', () => kept().length === 0);
});

it.each(['the page stays', 'reloaded while away'])('U121 a message whose chat was deleted meanwhile is sent nowhere, and stays until it is discarded (%s)', async (how) => {
  session.begin('Hello');
  session.end();
  let page = openTab();
  await page.online();
  let store = page.client.open(session.id);
  await untilLive(store);
  page.client.disconnect();
  if (how !== 'the page stays') {
    page.close();
    page = openTab({ connect: false });
    store = page.client.open(session.id);
  }
  store.send('Meant for that chat');
  server.handlers['session:open'] = (request) => (request.sessionId === session.id ? refused('not-found') : scriptedSession(server, 'another00001').open(request));
  page.client.connect();
  await until('the refusal', () => store.snapshot.value.phase === 'failed');
  page.close();
  const later = openTab();
  await later.online();
  await later.client.resumeUnsent(later.client.open(null));
  const again = later.client.open(session.id);
  await until('the refusal again', () => again.snapshot.value.phase === 'failed');
  await later.pass(3_000);
  expect([sends(), again.sessionId, again.snapshot.value.pending.map(({ content }) => content)]).toEqual([[], session.id, ['Meant for that chat']]);
  again.discardAll();
  expect(kept()).toEqual([]);
});

it('U66 signing out leaves nothing unsent behind', () => {
  const first = openTab({ connect: false });
  first.client.open(session.id).send('Secret');
  expect(kept()).toHaveLength(1);
  first.client.signOut();
  expect(kept()).toEqual([]);
});

it('U9 a deleted chat is out of sight at once, comes back when undone, and is deleted by a later page at the latest', async () => {
  server.handlers['session:list'] = () => ({ ok: true, sessions: [session.session], hasMore: false });
  const first = openTab();
  await first.online();
  const { sessions } = first.client;
  await until('the list', () => sessions.state.value.sessions.length === 1);
  sessions.hide(session.id);
  expect(sessions.state.value.sessions).toEqual([]);
  await sessions.load();
  expect(sessions.state.value.sessions).toEqual([]);
  sessions.keep(session.id);
  await until('it to be back', () => sessions.state.value.sessions.length === 1);
  sessions.hide(session.id);
  first.close();
  expect(server.requestsNamed('session:delete')).toEqual([]);
  for (const [key, value] of storage) if (key.startsWith('holdfast.removals')) storage.set(key, value.replace(/\d{13}/, (at) => String(Number(at) - 61_000)));
  openTab();
  await until('it to be deleted', () => server.requestsNamed('session:delete').length === 1);
});

describe('a message that waits in two tabs', () => {
  const twoTabs = async () => {
    const writer = openTab({ connect: false, tab: tab('one', ['one', 'two']) });
    const store = writer.client.open(session.id);
    store.send('Written on a train');
    const other = openTab({ connect: false, tab: tab('two', ['one', 'two']) });
    const restored = other.client.open(session.id);
    expect(restored.snapshot.value.pending).toMatchObject([{ content: 'Written on a train' }]);
    return { writer, store, other, restored };
  };
  const pendingOf = ({ snapshot }: SessionStore): string[] => snapshot.value.pending.map(({ content }) => content);

  it('B49 is taken back in both, and sent by neither', async () => {
    const { store, other, restored } = await twoTabs();
    store.discard(store.snapshot.value.pending[0]!.clientMessageId);
    expect(pendingOf(restored)).toEqual([]);
    other.client.connect();
    await untilLive(restored);
    await other.pass(3_000);
    expect(sends()).toEqual([]);
    other.close();
    const later = openTab();
    await later.online();
    await later.client.resumeUnsent(null);
    await later.pass(3_000);
    expect([sends(), pendingOf(later.client.open(session.id))]).toEqual([[], []]);
  });

  it('B49 is taken back though the other tab was told late', async () => {
    const writer = openTab({ connect: false });
    const store = writer.client.open(session.id);
    store.send('Written on a train');
    const other = openTab({ connect: false, deaf: true });
    const restored = other.client.open(session.id);
    store.discard(store.snapshot.value.pending[0]!.clientMessageId);
    other.client.connect();
    await untilLive(restored);
    await other.pass(3_000);
    expect([sends(), pendingOf(restored)]).toEqual([[], []]);
  });

  it('B49 what both write at once is kept of both', async () => {
    const { store, restored } = await twoTabs();
    restored.send('Beside it');
    store.send('And after it');
    expect(kept()).toHaveLength(3);
    const later = openTab({ connect: false });
    expect(pendingOf(later.client.open(session.id)).toSorted()).toEqual(['And after it', 'Beside it', 'Written on a train']);
  });

  it('B49 goes to one new chat when its own never came to be, though both tabs find that out', async () => {
    const writer = openTab();
    await writer.online();
    const store = writer.client.open(session.id);
    await untilLive(store);
    writer.client.disconnect();
    store.send('First words');
    const other = openTab({ connect: false });
    const restored = other.client.open(session.id);
    server.handlers['session:open'] = (request) => (request.sessionId === session.id ? refused('not-found') : scriptedSession(server, `fresh${server.requestsNamed('session:open').length}`.padEnd(12, '0')).open(request));
    other.client.connect();
    await until('the other to have sent it', () => sends().length === 1);
    writer.client.connect();
    await writer.online();
    await writer.pass(3_000);
    expect([sends().length, pendingOf(store), restored.sessionId === session.id]).toEqual([1, [], false]);
  });

  it('B49 of a new chat, written while what a closed tab left is looked for, is shown and sent once', async () => {
    const gone = openTab({ connect: false, tab: tab('gone', []) });
    gone.client.open(null).send('Left behind');
    gone.close();
    let answer = (_: boolean): void => {};
    const page = openTab({ connect: false, tab: { id: 'here', isAlive: () => new Promise((resolve) => (answer = resolve)) } });
    const fresh = page.client.open(null);
    const resumed = page.client.resumeUnsent(fresh);
    fresh.send('Mine');
    answer(false);
    await resumed;
    // The chat that is shown gets its id last.
    let letIn = (_: unknown): void => {};
    const later = new Promise((resolve) => (letIn = resolve));
    let opens = 0;
    server.handlers['session:open'] = async (request) => {
      const number = (opens += 1);
      if (number === 1) await later;
      return scriptedSession(server, request.sessionId ?? `fresh000000${number}`).open(request);
    };
    page.client.connect();
    await until('what was left behind', () => sends().length > 0);
    await page.pass(1_000);
    letIn(null);
    await until('both', () => sends().length > 1);
    await page.pass(3_000);
    expect(sends().map(({ sessionId, content }) => [sessionId, content])).toEqual([['fresh0000002', 'Left behind'], ['fresh0000001', 'Mine']]);
    expect(fresh.sessionId).toBe('fresh0000001');
  });

  it('B49 of a new chat that another tab took over, as this one slept, is not sent by this one', async () => {
    const sleeper = openTab({ connect: false, tab: tab('asleep', []) });
    const store = sleeper.client.open(null);
    store.send('Written before the sleep');
    const other = openTab({ connect: false, tab: tab('awake', ['awake']) });
    await other.client.resumeUnsent(null);
    sleeper.client.connect();
    await sleeper.online();
    await sleeper.pass(3_000);
    expect([sends(), pendingOf(store)]).toEqual([[], []]);
  });

  it('B49 the marks of what was taken back go after a week', async () => {
    const { store } = await twoTabs();
    store.discard(store.snapshot.value.pending[0]!.clientMessageId);
    const marks = (): number => [...storage].filter(([key]) => key.startsWith('holdfast.unsent')).length;
    expect(marks()).toBe(1);
    const later = openTab({ connect: false });
    await later.clock.advance(8 * 24 * 3_600_000);
    await later.client.resumeUnsent(null);
    expect(marks()).toBe(0);
  });
});

describe('a message nobody looks at', () => {
  const strandedIn = ({ client }: Page): string[] => {
    const told: string[] = [];
    client.stranded.subscribe((sessionId) => told.push(sessionId));
    return told;
  };
  /** A message that the server refuses, in a chat that is open. */
  async function refusedIn(page: Page): Promise<SessionStore> {
    await page.online();
    const store = page.client.open(session.id);
    await untilLive(store);
    server.handlers['message:send'] = () => refused('invalid');
    store.send('Never taken');
    await until('the refusal', () => store.snapshot.value.pending[0]?.status === 'refused');
    return store;
  }
  const gone = () => (server.handlers['session:open'] = (request) => (request.sessionId === session.id ? refused('not-found') : scriptedSession(server, 'another00001').open(request)));

  it.each(['refused', 'deleted'] as const)('B48 that cannot be sent is told, once, and is there when its chat is opened (%s)', async (how) => {
    const first = openTab({ connect: false });
    first.client.open(session.id).send('Written on a train');
    first.close();
    if (how === 'deleted') gone();
    else server.handlers['message:send'] = () => refused('invalid');
    const page = openTab();
    const told = strandedIn(page);
    await page.client.resumeUnsent(page.client.open(null));
    await until('it to be told', () => told.length > 0);
    await page.pass(2_000);
    expect(told).toEqual([session.id]);
    expect(page.client.open(session.id).snapshot.value.pending).toMatchObject([{ content: 'Written on a train' }]);
  });

  it.each(['refused before', 'cannot be opened'])('B48 is told again by each page until it is dealt with (%s)', async (how) => {
    const first = openTab();
    const store = await refusedIn(first);
    if (how === 'cannot be opened') store.retry(store.snapshot.value.pending[0]!.clientMessageId);
    first.close();
    if (how === 'cannot be opened') server.handlers['session:open'] = (request) => (request.sessionId === session.id ? refused('invalid') : scriptedSession(server, 'another00001').open(request));
    const page = openTab();
    const told = strandedIn(page);
    await page.client.resumeUnsent(page.client.open(null));
    await until('it to be told', () => told.length > 0);
    expect(told).toEqual([session.id]);
  });

  it('B48 is told when its chat was left before it was refused, and not when that was seen', async () => {
    const page = openTab();
    const told = strandedIn(page);
    page.client.close(await refusedIn(page));
    expect(told).toEqual([]);
    const again = page.client.open(session.id);
    await untilLive(again);
    let refuse = (_: unknown): void => {};
    const waiting = new Promise((resolve) => (refuse = resolve));
    server.handlers['message:send'] = async () => (await waiting, refused('invalid'));
    again.send('Two');
    page.client.close(again);
    refuse(null);
    await until('it to be told', () => told.length > 0);
    expect(told).toEqual([session.id]);
  });

  it('B48 nothing is told of a message that was sent, beside one that was seen refused', async () => {
    const page = openTab();
    const told = strandedIn(page);
    const { 'message:send': accept } = server.handlers;
    const store = await refusedIn(page);
    server.handlers['message:send'] = accept;
    store.send('Quickly left');
    page.client.close(store);
    await until('it to be there', () => session.messages.some(({ content }) => content === 'Quickly left'));
    await page.pass(6_000);
    expect(told).toEqual([]);
  });
});
