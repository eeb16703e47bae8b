import type { SessionStore } from '../../../public/src/chat-client/session-store.ts';
import { refused, type ScriptedServer } from '../../support/scripted-server.ts';
import type { ScriptedSession } from '../../support/scripted-session.ts';
import { until } from '../../support/until.ts';
import { openLive, startScripted, untilSame, type Page } from './client-harness.ts';

let server: ScriptedServer;
let session: ScriptedSession;
let page: Page;
let store: SessionStore;

/** Accepts as the real one does: the first time it begins a turn, after that it answers the same again. */
function acceptSends(): void {
  const accepted = new Map<string, string>();
  server.handlers['message:send'] = ({ clientMessageId, content }) => {
    const known = accepted.get(clientMessageId);
    const replyId = known ?? session.begin(content, clientMessageId);
    accepted.set(clientMessageId, replyId);
    return { ok: true, messageId: session.messages.find((message) => message.clientMessageId === clientMessageId)?.id ?? '', replyId, duplicate: known !== undefined };
  };
}
const sends = () => server.requestsNamed('message:send');
const pending = () => store.snapshot.value.pending;

beforeEach(async () => {
  ({ server, session, page } = await startScripted());
  store = await openLive({ server, session, page });
});
afterEach(async () => {
  page.close();
  await server.close();
});

it('B13 a message is shown as sending at once, and replaced by its own event', async () => {
  acceptSends();
  store.send('Hello');
  expect(pending()).toMatchObject([{ content: 'Hello', status: 'sending' }]);
  await untilSame(store, session);
  expect(pending()).toEqual([]);
});

it('B11 a send that is never acknowledged goes out again and again with one clientMessageId', async () => {
  server.handlers['message:send'] = () => null;
  store.send('Hello');
  await until('the first try', () => sends().length === 1);
  await page.pass(10_250);
  await until('the second try', () => sends().length === 2);
  server.peers[0]?.cut();
  await until('the third try, on a new connection', () => sends().length === 3);
  expect(new Set(sends().map((send) => send.clientMessageId)).size).toBe(1);
  acceptSends();
  await page.pass(10_250);
  await untilSame(store, session);
  expect(session.messages).toHaveLength(2);
});

it('B11 a send whose answer was lost is answered by its event after the reconnect, and not sent again', async () => {
  server.handlers['message:send'] = ({ clientMessageId, content }, peer) => {
    session.begin(content, clientMessageId, false);
    peer.cut();
    return null;
  };
  store.send('Hello');
  await untilSame(store, session);
  expect(pending()).toEqual([]);
  expect(sends()).toHaveLength(1);
});

it('B11 what is sent while offline goes out once, when back', async () => {
  acceptSends();
  page.client.disconnect();
  store.send('Hello');
  await page.pass(2_000);
  expect(sends()).toHaveLength(0);
  page.client.connect();
  await untilSame(store, session);
  expect(sends()).toHaveLength(1);
});

it('B12 a refusal that may pass is tried again after the time the server named', async () => {
  server.handlers['message:send'] = () => refused('rate-limited', 6_000);
  store.send('Hello');
  await until('the refusal', () => pending()[0]?.error?.code === 'rate-limited');
  expect(pending()[0]?.status).toBe('sending');
  acceptSends();
  await page.pass(5_750);
  expect(sends()).toHaveLength(1);
  await page.pass(500);
  await untilSame(store, session);
  expect(sends()).toHaveLength(2);
});

it('B12 a refusal for good stays with the message until it is tried again or taken back', async () => {
  server.handlers['message:send'] = () => refused('too-large');
  store.send('Hello');
  await until('the refusal', () => pending()[0]?.status === 'refused');
  await page.pass(30_000);
  expect(sends()).toHaveLength(1);
  acceptSends();
  store.retry(pending()[0]!.clientMessageId);
  await untilSame(store, session);
  expect(new Set(sends().map((send) => send.clientMessageId)).size).toBe(1);
  server.handlers['message:send'] = () => refused('too-large');
  session.end();
  store.send('Again');
  await until('the second refusal', () => pending()[0]?.status === 'refused');
  store.discard(pending()[0]!.clientMessageId);
  expect(pending()).toEqual([]);
});

it('B13 an acknowledged message whose event was lost is fetched', async () => {
  server.handlers['message:send'] = ({ clientMessageId, content }) => {
    const replyId = session.begin(content, clientMessageId, false);
    return { ok: true, messageId: 'user1', replyId, duplicate: false };
  };
  store.send('Hello');
  await until('the acknowledgement', () => session.messages.length === 2);
  await page.pass(5_250);
  await untilSame(store, session);
  expect(pending()).toEqual([]);
});

it('B11 the first message of a new chat makes its session', async () => {
  acceptSends();
  const fresh = page.client.open(null);
  expect(server.requestsNamed('session:open')).toHaveLength(1);
  fresh.send('Hello');
  await untilSame(fresh, session);
  expect(server.requestsNamed('session:open')[1]).toEqual({ mode: 'delta' });
  expect(fresh.sessionId).toBe(session.id);
});

it('B11 leaving a chat with a message on its way does not lose the message', async () => {
  server.handlers['message:send'] = () => null;
  store.send('Hello');
  await until('the first try', () => sends().length === 1);
  page.client.close(store);
  acceptSends();
  await page.pass(10_250);
  await until('the message to be accepted', () => session.messages.length === 2);
  await until('the session to be closed', () => server.requestsNamed('session:close').length === 1);
});

describe('Stop', () => {
  const cancels = () => server.requestsNamed('message:cancel');
  const accept = () => (server.handlers['message:cancel'] = () => {
    session.end('cancelled');
    return { ok: true, status: 'cancelled' };
  });

  async function streaming(): Promise<string> {
    const reply = session.begin('Hello');
    await until('the reply to be open', () => store.snapshot.value.view?.streaming?.messageId === reply);
    return reply;
  }

  it('B20 stops the open reply and keeps its text', async () => {
    accept();
    const messageId = await streaming();
    session.delta('so far');
    store.cancel();
    expect(store.snapshot.value.cancelling).toBe(true);
    await until('the end', () => session.messages[1]?.status === 'cancelled');
    await untilSame(store, session);
    expect(cancels()).toEqual([{ sessionId: session.id, messageId }]);
    expect(store.snapshot.value).toMatchObject({ cancelling: false, view: { messages: [{}, { status: 'cancelled', content: 'so far' }] } });
  });

  it('B14 without an answer it asks again, also over a new connection, for as long as the reply streams', async () => {
    server.handlers['message:cancel'] = () => null;
    await streaming();
    store.cancel();
    await until('the first try', () => cancels().length === 1);
    await page.pass(4_250);
    await until('the second try', () => cancels().length === 2);
    server.peers[0]?.cut();
    await until('the third try', () => cancels().length === 3);
    accept();
    await page.pass(4_250);
    await until('the end', () => session.messages[1]?.status === 'cancelled');
    await untilSame(store, session);
    const asked = cancels().length;
    await page.pass(10_000);
    expect(cancels()).toHaveLength(asked);
  });

  it('B14 an answered Stop whose end never comes is found out', async () => {
    server.handlers['message:cancel'] = ({ messageId }) => {
      session.append({ type: 'message.cancelled', messageId });
      return { ok: true, status: 'cancelled' };
    };
    await streaming();
    store.cancel();
    await until('the answer', () => session.messages[1]?.status === 'cancelled');
    await page.pass(2_250);
    await untilSame(store, session);
  });

  it('B14 pressed before the reply exists, it stops the reply as soon as it does', async () => {
    server.handlers['message:send'] = () => null;
    accept();
    store.send('Hello');
    await until('the send', () => sends().length === 1);
    store.cancel();
    session.begin('Hello', sends()[0]?.clientMessageId);
    await until('the end', () => session.messages[1]?.status === 'cancelled');
    await untilSame(store, session);
  });

  it('B14 a message that was not sent yet is given back instead', () => {
    page.client.disconnect();
    store.send('Hello');
    expect(store.cancel()).toBe('Hello');
    expect(pending()).toEqual([]);
  });

  it('B14 a refusal for good is told, and Stop can be pressed again', async () => {
    server.handlers['message:cancel'] = () => refused('not-found');
    const problems: string[] = [];
    store.problems.subscribe((error) => problems.push(error.code));
    await streaming();
    store.cancel();
    await until('the refusal', () => problems.length === 1);
    expect(store.snapshot.value.cancelling).toBe(false);
    accept();
    store.cancel();
    await until('the end', () => session.messages[1]?.status === 'cancelled');
    await untilSame(store, session);
  });
});
