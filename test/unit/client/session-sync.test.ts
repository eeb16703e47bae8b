import type { SessionStore } from '../../../public/src/chat-client/session-store.ts';
import { refused, type ScriptedServer } from '../../support/scripted-server.ts';
import type { ScriptedSession } from '../../support/scripted-session.ts';
import { until } from '../../support/until.ts';
import { openLive, openPage, shownText, startScripted, untilLive, untilSame, type Page } from './client-harness.ts';

let server: ScriptedServer;
let session: ScriptedSession;
let page: Page;

beforeEach(async () => {
  ({ server, session, page } = await startScripted());
});
afterEach(async () => {
  page.close();
  await server.close();
});

const opens = () => server.requestsNamed('session:open');
const openLiveHere = (): Promise<SessionStore> => openLive({ server, session, page });

it('B1 a streaming reply is shown piece by piece and ends as the server stored it', async () => {
  const store = await openLiveHere();
  const reply = session.begin('Hello?');
  session.delta('Hel');
  session.delta('lo');
  await until('the text so far', () => shownText(store, reply) === 'Hello');
  session.end();
  await untilSame(store, session);
  expect(opens()).toHaveLength(1);
});

it('B2 a lost piece is fetched by opening again with the cursor, once', async () => {
  const store = await openLiveHere();
  session.begin('Hello?');
  session.delta('one ');
  session.lose('two ');
  session.delta('three');
  session.end();
  await untilSame(store, session);
  expect(opens()).toHaveLength(2);
  expect(opens()[1]?.cursor).toEqual({ logId: 'LOGa', seq: 3 });
});

it('B1 a repeated frame changes nothing', async () => {
  const store = await openLiveHere();
  const reply = session.begin('Hello?');
  session.delta('one ');
  server.emit('delta', [session.id, 'LOGa', 3, 'one ']);
  server.emit('session:events', { sessionId: session.id, logId: 'LOGa', events: session.events.slice(0, 3) });
  session.delta('two');
  await until('both pieces, once', () => shownText(store, reply) === 'one two');
  expect(opens()).toHaveLength(1);
});

it('B3 frames of another log make it open again and take what the server has now', async () => {
  const store = await openLiveHere();
  session.begin('Hello?');
  session.delta('kept');
  session.logId = 'LOGb';
  session.delta(' and on');
  session.end();
  await untilSame(store, session);
  expect(store.snapshot.value.view?.cursor.logId).toBe('LOGb');
});

it('B4 frames that come before the reply to the open are held, and folded after it', async () => {
  session.begin('Hello?');
  server.handlers['session:open'] = (request) => {
    const answer = session.open(request);
    session.delta('early ');
    session.delta('bird');
    return answer;
  };
  const store = await openLiveHere();
  session.end();
  await untilSame(store, session);
  expect(opens()).toHaveLength(1);
});

it('B5 a lost end is found after five seconds of silence, and not before', async () => {
  const store = await openLiveHere();
  session.begin('Hello?');
  session.delta('done');
  await until('the text', () => shownText(store, 'reply2') === 'done');
  session.append({ type: 'message.completed', messageId: 'reply2', finishReason: 'stop' });
  await page.pass(4_750);
  expect(opens()).toHaveLength(1);
  await page.pass(500);
  await untilSame(store, session);
  expect(opens()[1]?.cursor).toEqual({ logId: 'LOGa', seq: 3 });
});

it('B5 a server that hangs while a reply streams is left after the silence and three seconds more', async () => {
  const store = await openLiveHere();
  session.begin('Hello?');
  session.delta('on ');
  await until('the text', () => shownText(store, 'reply2') === 'on ');
  const { 'session:open': open, 'session:close': probe } = server.handlers;
  Object.assign(server.handlers, { 'session:open': () => null, 'session:close': () => null });
  session.lose('and on');
  await page.pass(5_250);
  await until('the second open', () => opens().length === 2);
  await page.pass(2_500);
  expect(server.handshakes).toHaveLength(1);
  Object.assign(server.handlers, { 'session:open': open, 'session:close': probe });
  await page.pass(500);
  await until('the rest', () => shownText(store, 'reply2') === 'on and on');
  expect(server.handshakes).toHaveLength(2);
});

it('B5 session:alive at the same head is a sign of life; one that is ahead means something was lost', async () => {
  const store = await openLiveHere();
  const reply = session.begin('Hello?');
  await until('the reply to be open', () => store.snapshot.value.view?.streaming?.messageId === reply);
  for (let i = 0; i < 4; i += 1) {
    await page.pass(3_000);
    server.emit('session:alive', [session.id, 'LOGa', 2]);
    await page.pass(250);
  }
  expect(opens()).toHaveLength(1);
  session.lose('lost');
  server.emit('session:alive', [session.id, 'LOGa', 3]);
  await until('the lost piece', () => shownText(store, reply) === 'lost');
  expect(opens()).toHaveLength(2);
});

it('B6 session:resync opens again at a random moment within', async () => {
  await openLiveHere();
  server.emit('session:resync', { sessionId: session.id, reason: 'adapter', withinMs: 4_000 });
  await page.pass(1_750);
  expect(opens()).toHaveLength(1);
  await page.pass(500);
  await until('the second open', () => opens().length === 2);
});

it('B2 a server whose frames never fit is not asked in a tight circle', async () => {
  const store = await openLiveHere();
  session.begin('Hello?');
  await until('the reply to be open', () => store.snapshot.value.view?.streaming !== null);
  server.handlers['session:open'] = (request) => {
    const answer = session.open(request);
    setImmediate(() => server.emit('delta', [session.id, 'LOGz', 9, 'never fits']));
    return answer;
  };
  server.emit('delta', [session.id, 'LOGz', 9, 'never fits']);
  await page.pass(3_000);
  expect(opens().length).toBeGreaterThan(2);
  expect(opens().length).toBeLessThan(10);
  expect(opens().at(-1)?.cursor).toBeUndefined();
});

it('B2 a frame that cannot be read makes it open again', async () => {
  await openLiveHere();
  server.emit('session:events', { sessionId: session.id, logId: 'LOGa', events: JSON.parse('[{"seq":"one"}]') });
  await until('the second open', () => opens().length === 2);
});

it('B15 an open without an answer ends within its limit and is tried again; a refused one says why', async () => {
  let asked = 0;
  server.handlers['session:open'] = (request) => ((asked += 1) === 1 ? null : session.open(request));
  const store = page.client.open(session.id);
  await until('the first open', () => asked === 1);
  await page.pass(10_500);
  await untilLive(store);
  server.handlers['session:open'] = () => refused('not-found');
  const missing = page.client.open('nosuchsession');
  await until('the refusal', () => missing.snapshot.value.phase === 'failed');
  expect(missing.snapshot.value.error?.code).toBe('not-found');
});

it('B19 a lost connection resumes with the cursor and misses nothing', async () => {
  const store = await openLiveHere();
  const reply = session.begin('Hello?');
  session.delta('one ');
  await until('the first piece', () => shownText(store, reply) === 'one ');
  server.peers[0]?.cut();
  session.lose('two ');
  session.append({ type: 'message.completed', messageId: reply, finishReason: 'stop' });
  await untilSame(store, session);
  expect(opens()[1]?.cursor).toEqual({ logId: 'LOGa', seq: 3 });
});

it('B21 a page above is asked for with the opaque place and put before what is there', async () => {
  session.begin('Hello?');
  session.end();
  server.handlers['session:open'] = (request) => ({ ...session.open(request), hasMore: true, before: 'p7' }) as ReturnType<ScriptedSession['open']>;
  const older = { ...session.messages[0]!, id: 'older', position: 0 };
  server.handlers['session:history'] = () => ({ ok: true, messages: [older], hasMore: false });
  const store = await openLiveHere();
  await store.loadOlder();
  expect(server.requestsNamed('session:history')).toEqual([{ sessionId: session.id, limit: 50, before: 'p7' }]);
  expect(store.snapshot.value.view?.messages.map(({ id }) => id)).toEqual(['older', 'user1', 'reply2']);
  server.handlers['session:history'] = () => refused('unavailable');
  await store.loadOlder();
  expect(server.requestsNamed('session:history')).toHaveLength(1);
});

it('B17 in accumulated mode whole texts are shown, and opening again asks for everything', async () => {
  page.close();
  page = openPage(server, { mode: 'accumulated' });
  await page.online();
  const store = await openLiveHere();
  const reply = session.begin('Hello?');
  const whole = (content: string, seq: number, isComplete: boolean): void =>
    server.emit('session:message', { sessionId: session.id, messageId: reply, content, chunk: '', isComplete, status: isComplete ? 'complete' : 'streaming', cursor: { logId: 'LOGa', seq } });
  session.lose('one ');
  session.lose('two');
  whole('one two', 4, false);
  await until('the whole text', () => shownText(store, reply) === 'one two');
  session.append({ type: 'message.completed', messageId: reply, finishReason: 'stop' });
  whole('one two', 5, true);
  await untilSame(store, session);
  server.peers[0]?.cut();
  await until('the open after the cut', () => opens().length === 2);
  expect(opens()[1]).toEqual({ sessionId: session.id, mode: 'accumulated' });
});

describe('versions', () => {
  it('T13 another path is shown at once, however often it is switched', async () => {
    const store = await openLiveHere();
    const first = session.begin('Hello?');
    session.delta('first');
    session.end();
    await untilSame(store, session);
    const { parentId } = session.messages.find(({ id }) => id === first)!;
    const second = { ...session.messages.at(-1)!, id: 'second', position: 3, content: '', status: 'streaming' as const, versions: [first, 'second'], siblings: 2 };
    session.publish({ type: 'session.switched', tip: parentId }, { type: 'message.created', message: second });
    session.delta('second');
    session.end();
    await until('the version', () => shownText(store, 'second') === 'second');
    expect(opens()).toHaveLength(1);
    const shown = () => store.snapshot.value.view?.messages.map(({ id }) => id).join(' ');
    for (const tip of [first, 'second', first, 'second']) {
      session.publish({ type: 'session.switched', tip });
      await until(`the path to ${tip}`, () => shown() === `${parentId} ${tip}` && store.snapshot.value.phase === 'live');
    }
    expect(opens()).toHaveLength(5);
    expect(opens().slice(1).every(({ cursor }) => cursor === undefined)).toBe(true);
  });
});

it('B7 a connection that is lost while another path is being opened is told at once', async () => {
  const store = page.client.open(session.id);
  session.begin('Hello?');
  session.end();
  await untilSame(store, session);
  const opens = server.requestsNamed('session:open').length;
  server.handlers['session:open'] = () => null;
  session.publish({ type: 'session.switched', tip: 'elsewhere' });
  await until('the open', () => server.requestsNamed('session:open').length > opens);
  server.refuse = () => 'unavailable';
  server.peers.forEach((peer) => peer.cut());
  await until('the loss to be told', () => store.snapshot.value.phase === 'catching-up');
});
