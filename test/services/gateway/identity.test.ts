import { SignJWT, type JWTPayload } from 'jose';
import type { WireError } from '../../../src/protocol/errors.ts';
import { ask, openReply, startGateway, type GatewayOptions, type TestGateway } from '../../support/gateway-harness.ts';
import { until } from '../../support/until.ts';

let node: TestGateway;
const start = async (options: GatewayOptions = {}) => (node = await startGateway(options));
afterEach(() => node.stop());

test('G13 when its token ends a socket is told so and closed', async () => {
  await start({ env: { AUTH_GUEST_TTL_MS: '1000' } });
  const client = await node.connect();
  const closing = new Promise<WireError>((resolve) => client.once('server:closing', resolve));
  const gone = new Promise((resolve) => client.once('disconnect', resolve));
  expect(await closing).toEqual({ code: 'unauthenticated', message: expect.stringContaining('ended'), retryable: false });
  await gone;
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(client.hello.expiresAt));
});

const KEY = 'k'.repeat(40);
const sign = (claims: JWTPayload) => new SignJWT({ sub: 'alice', ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(KEY));
const endingIn = (ms: number) => sign({ exp: (Date.now() + ms) / 1000 });

test('G13 a socket that takes a fresh token in time lives on', async () => {
  await start({ env: { AUTH_JWT_SECRET: KEY } });
  const client = await node.connect({ token: await endingIn(1_000) });
  const fresh = await ask(client, 'auth:refresh', { token: await endingIn(60_000) });
  expect(fresh).toEqual({ ok: true, userId: 'alice', expiresAt: expect.any(String) });
  await until('the old token has ended', () => Date.now() > Date.parse(client.hello.expiresAt) + 50);
  expect((await ask(client, 'session:list', {})).ok).toBe(true);
});

test('G13 a fresh token that ends sooner ends the socket sooner', async () => {
  await start({ env: { AUTH_JWT_SECRET: KEY } });
  const client = await node.connect({ token: await endingIn(60_000) });
  expect((await ask(client, 'auth:refresh', { token: await endingIn(500) })).ok).toBe(true);
  await until('it is closed', () => !client.connected);
});

test("G13 another user's token or a bad one is not taken", async () => {
  await start();
  const client = await node.connect();
  const stranger = await node.guest();
  for (const token of [stranger.token, 'nonsense']) {
    expect(await ask(client, 'auth:refresh', { token })).toMatchObject({ ok: false, error: { code: 'unauthenticated' } });
  }
  await ask(client, 'session:list', {});
  expect(node.callsOf('session-owner.list')[0]?.params['userId']).toBe(client.hello.userId);
});

test('G13 a slow call that began before a refresh changes nothing about who the socket is', async () => {
  await start();
  let finish = (): void => undefined;
  node.owner['session-owner.open'] = async () => {
    await new Promise<void>((resolve) => (finish = resolve));
    return openReply('s1');
  };
  const guest = await node.guest();
  const client = await node.connect({ token: guest.token });
  const slow = ask(client, 'session:open', { sessionId: 's1' });
  await until('the owner is asked', () => node.calls.length === 1);
  expect((await ask(client, 'auth:refresh', { token: (await node.guest(guest.token)).token })).ok).toBe(true);
  finish();
  expect((await slow).ok).toBe(true);
  await ask(client, 'session:list', {});
  expect(node.calls.map(({ params }) => params['userId'])).toEqual([guest.userId, guest.userId]);
});

test('G12 a guest whose token ended not long ago stays the same user', async () => {
  await start({ env: { AUTH_GUEST_TTL_MS: '100' } });
  const old = await node.guest();
  await until('it has ended', () => Date.now() > Date.parse(old.expiresAt));
  expect(await node.refusal({ token: old.token })).toMatchObject({ code: 'unauthenticated' });
  expect(await node.guest(old.token)).toMatchObject({ userId: old.userId });
});

test('G12 a token that is no guest of this server gets no guest token', async () => {
  await start({ env: { AUTH_JWT_SECRET: KEY } });
  for (const token of ['nonsense', await endingIn(60_000)]) {
    const { status, body } = await node.http('/api/auth/guest', { method: 'POST', token });
    expect([status, body]).toEqual([401, { error: expect.objectContaining({ code: 'unauthenticated' }) }]);
  }
});

test('G12 with guests off nobody gets a token, and hears where to sign in', async () => {
  await start({ env: { AUTH_GUESTS: 'off', AUTH_JWT_SECRET: KEY, AUTH_SIGN_IN_URL: 'https://id.example/login' } });
  const { status, body } = await node.http('/api/auth/guest', { method: 'POST' });
  expect([status, body]).toEqual([401, { error: { code: 'unauthenticated', message: expect.stringContaining('Sign in'), retryable: false, signInUrl: 'https://id.example/login' } }]);
  expect((await node.http('/api/config')).body).toEqual({ guests: false, signInUrl: 'https://id.example/login', protocol: 1, version: expect.any(String), files: expect.any(Object) });
});

test("G22 a user of the operator's own secret connects under that name", async () => {
  await start({ env: { AUTH_GUESTS: 'off', AUTH_JWT_SECRET: KEY, AUTH_ISSUER: 'https://id.example' } });
  const claims = { sub: 'alice@example.com', iss: 'https://id.example', exp: Math.floor(Date.now() / 1000) + 60 };
  const token = await sign(claims);
  const client = await node.connect({ token });
  expect(client.hello).toMatchObject({ userId: 'alice@example.com', expiresAt: new Date(claims.exp * 1000).toISOString() });
});

test('G22 with the key server away a connection is put off, not refused', async () => {
  await start({ env: { AUTH_JWKS_URL: 'http://127.0.0.1:9/jwks.json', AUTH_ISSUER: 'https://id.example' } });
  const header = Buffer.from('{"alg":"RS256","kid":"k1"}').toString('base64url');
  const payload = Buffer.from('{"sub":"bob","iss":"https://id.example","exp":9999999999}').toString('base64url');
  expect(await node.refusal({ token: `${header}.${payload}.AAAA` })).toMatchObject({ code: 'unavailable', retryable: true });
  expect(node.logs.find(({ text }) => text === 'refused')?.fields['err']).toMatchObject({ message: 'fetch failed' });
  expect(node.refused).toEqual([]);
});

test('G24 connects and disconnects are logged with who, how long and why, and nothing that was said', async () => {
  await start();
  const guest = await node.guest();
  const client = await node.connect({ token: guest.token });
  await ask(client, 'session:open', { sessionId: 's1' });
  await ask(client, 'message:send', { sessionId: 's1', clientMessageId: 'c1', content: 'my secret' });
  const { id } = client;
  client.disconnect();
  await until('it is logged', () => node.logs.some(({ text }) => text === 'disconnected'));
  const line = (text: string) => node.logs.find((logged) => logged.text === text)?.fields;
  expect(line('connected')).toEqual({ socket: id, user: guest.userId, address: '127.0.0.1' });
  expect(line('disconnected')).toEqual({ socket: id, user: guest.userId, reason: 'client namespace disconnect', afterMs: expect.any(Number), sessions: ['s1'] });
  const said = JSON.stringify(node.logs);
  expect(said).not.toContain('my secret');
  expect(said).not.toContain(guest.token);
});

test('G24 an unexpected failure is answered without its text and logged with it', async () => {
  await start();
  node.owner['session-owner.list'] = () => {
    throw new Error('the inner workings');
  };
  const client = await node.connect();
  const answer = await ask(client, 'session:list', {});
  expect(answer).toEqual({ ok: false, error: { code: 'internal', message: expect.not.stringContaining('workings'), retryable: true } });
  const failed = node.logs.find(({ text }) => text === 'event failed');
  expect(failed?.fields).toMatchObject({ event: 'session:list', user: client.hello.userId, err: expect.objectContaining({ message: 'the inner workings' }) });
});
