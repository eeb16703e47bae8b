import { fakeToken, startScriptedServer, type ScriptedServer } from '../../support/scripted-server.ts';
import { until } from '../../support/until.ts';
import { openPage, type Page, type PageOptions } from './client-harness.ts';

let server: ScriptedServer;
let page: Page;

beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(async () => {
  page.close();
  await server.close();
});

async function onlinePage(options: PageOptions = {}): Promise<Page> {
  page = openPage(server, options);
  await page.online();
  return page;
}
const phase = () => page.client.connection.state.value.phase;
const handshakes = () => server.handshakes.length;

/** Keeps the server away: every handshake ends without an answer that means anything. */
function refuseAll(): void {
  server.refuse = () => 'unavailable';
}

it('B7 a lost connection is tried again at once, then with growing pauses', async () => {
  await onlinePage();
  await page.pass(6_000);
  refuseAll();
  server.peers[0]?.cut();
  await until('the try at once', () => handshakes() === 2);
  await until('the pause', () => phase() === 'waiting');
  const pauses: number[] = [];
  for (let tries = 2; tries < 9; tries += 1) {
    const state = page.client.connection.state.value;
    pauses.push(state.phase === 'waiting' ? state.retryAt - page.clock.now() : 0);
    await page.clock.advance(pauses.at(-1) ?? 0);
    await until('the next try to fail', () => handshakes() === tries + 1 && phase() === 'waiting');
  }
  expect(pauses).toEqual([300, 600, 1_200, 2_400, 3_750, 3_750, 3_750]);
});

it.each(['network', 'visible', 'restored', 'slept'] as const)('B7 waking (%s) tries at once', async (reason) => {
  await onlinePage();
  refuseAll();
  server.peers[0]?.cut();
  await until('the pause', () => phase() === 'waiting');
  server.refuse = () => undefined;
  page.wake(reason);
  await page.online();
});

it('B7 a connection that answers nothing any more is replaced', async () => {
  await onlinePage();
  await until('the first round trip', () => page.client.connection.roundTripMs.value !== null);
  server.handlers['session:close'] = () => null;
  page.wake('visible');
  await page.clock.advance(3_000);
  await until('a second connection', () => handshakes() === 2);
});

it('B8 a deliberate disconnect stays one, whatever wakes the page', async () => {
  await onlinePage();
  page.client.disconnect();
  page.wake('network');
  await page.pass(30_000);
  expect(phase()).toBe('off');
  expect(handshakes()).toBe(1);
  page.client.connect();
  await page.online();
});

it.each(['forbidden-origin', 'unsupported-protocol'] as const)('B9 a handshake refused with %s is not tried again', async (code) => {
  server.refuse = () => code;
  page = openPage(server);
  await until('the refusal', () => phase() === 'refused');
  await page.pass(30_000);
  expect(handshakes()).toBe(1);
  expect(page.client.connection.state.value).toMatchObject({ error: { code } });
});

it('B9 the handshake carries the version of the protocol and a guest token', async () => {
  await onlinePage();
  expect(server.handshakes).toEqual([{ token: page.client.tokens.current()?.token, protocol: 1 }]);
});

it('B9 a guest token the server does not know is renewed once, and then believed', async () => {
  await onlinePage();
  const old = page.client.tokens.current()?.token;
  server.refuse = (token) => (token === old ? 'unauthenticated' : undefined);
  server.peers[0]?.cut();
  await until('the renewed connection', () => page.client.connection.online && page.client.tokens.current()?.token !== old);
  expect(server.guests.made).toBe(2);
  await page.pass(6_000);
  server.refuse = () => 'unauthenticated';
  server.peers.at(-1)?.cut();
  await until('the refusal', () => phase() === 'refused');
  expect(server.guests.made).toBe(3);
});

it('B9 the reason the server gave before it closed the socket decides too', async () => {
  await onlinePage();
  server.peers[0]?.emit('server:closing', { code: 'unsupported-protocol', message: 'too old', retryable: false });
  server.peers[0]?.close();
  await until('the refusal', () => phase() === 'refused');
  expect(page.client.connection.state.value).toMatchObject({ error: { code: 'unsupported-protocol' } });
});

it('B10 a draining server is left at a random moment within, for another connection', async () => {
  await onlinePage();
  server.emit('server:draining', { withinMs: 4_000 });
  await page.pass(1_750);
  expect(handshakes()).toBe(1);
  await page.pass(500);
  await until('the second connection', () => handshakes() === 2 && page.client.connection.online);
});

describe('tokens', () => {
  it('B16 a guest stays the same after a reload, and in another tab', async () => {
    await onlinePage();
    const { storage } = page;
    page.close();
    await onlinePage({ storage });
    expect(server.guests.made).toBe(1);
    expect(new Set(server.handshakes.map(({ token }) => token)).size).toBe(1);
  });

  it('B16 a guest token is renewed before its end, without a new connection', async () => {
    server.guests.lifetimeS = 600;
    await onlinePage();
    await page.pass(470_000);
    expect(server.requestsNamed('auth:refresh')).toHaveLength(0);
    await page.pass(11_000);
    await until('the fresh token', () => server.requestsNamed('auth:refresh').length === 1);
    expect(server.requestsNamed('auth:refresh')[0]).toEqual({ token: page.client.tokens.current()?.token });
    expect(handshakes()).toBe(1);
  });

  it('B16 a token that ended while the page was away is renewed before connecting', async () => {
    await onlinePage();
    page.client.disconnect();
    await page.clock.advance(3_600_000);
    page.client.connect();
    await page.online();
    expect(server.guests.made).toBe(2);
  });

  it('B16 with guests off it asks for a sign-in, names the place, and takes a pasted token', async () => {
    server.guests.allowed = false;
    page = openPage(server);
    await until('the refusal', () => phase() === 'refused');
    expect(page.client.tokens.signIn.value).toEqual({ url: 'https://sign-in.example/start' });
    expect(handshakes()).toBe(0);
    const token = fakeToken('somebody');
    page.client.signIn(token);
    await page.online();
    expect(server.handshakes).toEqual([{ token, protocol: 1 }]);
    expect(page.client.tokens.signIn.value).toBeNull();
  });

  it('B7 a server that cannot be reached for a token is tried again', async () => {
    server.http = (_request, response) => {
      response.writeHead(503).end();
      return true;
    };
    page = openPage(server);
    await until('the pause', () => phase() === 'waiting');
    server.http = () => false;
    await page.pass(1_000);
    await page.online();
  });
});

it('B15 a request without an answer ends as a timeout, and at once when the connection goes', async () => {
  await onlinePage();
  server.handlers['session:rename'] = () => null;
  const rename = () => page.client.connection.request('session:rename', { sessionId: 's', title: 't' }, 2_000);
  const slow = rename();
  await until('the request', () => server.requestsNamed('session:rename').length === 1);
  await page.clock.advance(2_000);
  expect(await slow).toMatchObject({ ok: false, error: { code: 'timeout' } });
  const lost = rename();
  page.client.disconnect();
  expect(await lost).toMatchObject({ ok: false, error: { code: 'offline' } });
});

it('B15 an answer that does not fit the protocol is an error, not believed', async () => {
  await onlinePage();
  server.handlers['session:rename'] = () => JSON.parse('{"ok":true,"session":{"id":"s"}}');
  const answer = await page.client.connection.request('session:rename', { sessionId: 's', title: 't' });
  expect(answer).toMatchObject({ ok: false, error: { code: 'bad-answer' } });
});
