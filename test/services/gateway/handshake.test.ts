import type { IncomingMessage } from 'node:http';
import { inspect } from 'node:util';
import { SignJWT } from 'jose';
import type { Server } from 'socket.io';
import { startGateway, type TestGateway } from '../../support/gateway-harness.ts';
import { until } from '../../support/until.ts';

let node: TestGateway;
let token: string;
beforeAll(async () => {
  node = await startGateway({ env: { ALLOWED_ORIGINS: 'https://app.example' } });
  token = (await node.guest()).token;
});
afterAll(() => node.stop());

const fromPage = (origin: string) => ({ extraHeaders: { origin } });
const ended = () => new SignJWT({ iss: 'holdfast', sub: 'guest:x', exp: 1000 }).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode('nonsense'));

test('G2 a connection without a good token is refused, and says why', async () => {
  expect(await node.refusal({})).toEqual({ code: 'unauthenticated', message: expect.stringContaining('no token'), retryable: false });
  expect(await node.refusal({ token: 7 })).toMatchObject({ code: 'unauthenticated' });
  expect(await node.refusal({ token: 'nonsense' })).toMatchObject({ code: 'unauthenticated' });
  expect(await node.refusal({ token: await ended() })).toMatchObject({ code: 'unauthenticated' });
});

test('G2 another protocol version is refused by name', async () => {
  expect(await node.refusal({ token, protocol: 2 })).toMatchObject({ code: 'unsupported-protocol', retryable: false });
  expect(await node.refusal({ token, protocol: '1' })).toMatchObject({ code: 'unsupported-protocol' });
});

test('G2 no refused connection reaches a store or the owner', async () => {
  const before = node.calls.length;
  await node.refusal({ token: 'nonsense' });
  expect(node.calls).toHaveLength(before);
});

test('G14 a page of another origin may not connect, the own and the listed ones may', async () => {
  expect(await node.refusal({ token }, fromPage('https://evil.example'))).toMatchObject({ code: 'forbidden-origin' });
  for (const origin of [node.url, 'https://app.example']) {
    expect((await node.connect({ token }, fromPage(origin))).connected).toBe(true);
  }
});

test('G14 the origin is looked at before the token', async () => {
  expect(await node.refusal({ token: 'nonsense' }, fromPage('https://evil.example'))).toMatchObject({ code: 'forbidden-origin' });
});

test('G3 long-polling and other namespaces do not exist', async () => {
  expect((await node.http('/socket.io/?EIO=4&transport=polling')).status).toBe(400);
  const client = node.client({ token });
  const admin = client.io.socket('/admin', { auth: { token } });
  const message = await new Promise<string>((resolve) => {
    admin.once('connect_error', (error) => resolve(error.message));
    admin.connect();
  });
  expect(message).toBe('Invalid namespace');
  admin.disconnect();
});

test('G28 neither the request that opened a connection nor its token stays', async () => {
  const secret = 'in-a-header-too';
  const client = await node.connect({ token }, { extraHeaders: { origin: node.url, 'x-secret': secret } });
  const { io } = node.broker.getLocalService('gateway') as { io?: Server };
  const socket = io?.sockets.sockets.get(client.id ?? '');
  const request: IncomingMessage | undefined = socket?.request;
  expect(socket?.connected).toBe(true);
  expect(request).toBeNull();
  expect(inspect(socket, { depth: 8 })).not.toContain(secret);
  expect(inspect(socket, { depth: 8 })).not.toContain(token);
  expect(await client.emitWithAck('session:list', {})).toMatchObject({ ok: true });
});

test('G24 refusals are in the log and the audit with code and address, few of them, and without the token', async () => {
  await until('the lines are used up', async () => {
    await node.refusal({ token: 'a.secret.token' });
    return node.logs.filter(({ text }) => text === 'refused').length >= 10;
  });
  for (let i = 0; i < 5; i += 1) await node.refusal({ token: 'a.secret.token' });
  const lines = node.logs.filter(({ text }) => text === 'refused');
  expect(lines).toHaveLength(10);
  expect(lines[0]).toMatchObject({ level: 'warn', fields: { code: 'unauthenticated', address: '127.0.0.1', via: 'socket' } });
  await until('the audit has them', () => node.refused.length === 10);
  expect(node.refused[0]).toMatchObject({ type: 'auth.refused', sessionId: null, data: { code: 'unauthenticated', address: '127.0.0.1', node: 'node-1' } });
  expect(JSON.stringify([node.logs, node.refused])).not.toContain('a.secret.token');
});
