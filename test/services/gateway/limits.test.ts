import type { Quotas } from '../../../src/backends/contracts.ts';
import type { WireError } from '../../../src/protocol/errors.ts';
import { ask, startGateway, type GatewayOptions, type TestGateway } from '../../support/gateway-harness.ts';
import { until } from '../../support/until.ts';

let node: TestGateway;
const start = async (options: GatewayOptions) => (node = await startGateway(options));
afterEach(() => node.stop());

const message = (i: number) => ({ sessionId: 's1', clientMessageId: `c${i}`, content: 'Hi' });

test('G10 frames over the rate are refused with the time to wait, and the socket goes on', async () => {
  await start({ env: { RATE_FRAMES: '5' } });
  const client = await node.connect();
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(client, 'session:list', {})));
  expect(answers.map(({ ok }) => ok)).toEqual([true, true, true, true, true, false, false, false]);
  const { error } = answers[7] as { error: WireError };
  expect(error).toMatchObject({ code: 'rate-limited', retryable: true });
  expect(error.retryAfterMs).toBeGreaterThan(0);
  expect(error.retryAfterMs).toBeLessThanOrEqual(1000);
  const again = Date.now() + (error.retryAfterMs ?? 0);
  await until('the time to wait is over', () => Date.now() > again);
  expect((await ask(client, 'session:list', {})).ok).toBe(true);
  expect(node.callsOf('session-owner.list')).toHaveLength(6);
  expect(node.logs.filter(({ text }) => text === 'frames over the rate').length).toBeGreaterThan(0);
});

test('G10 unknown events count as well', async () => {
  await start({ env: { RATE_FRAMES: '5' } });
  const client = await node.connect();
  const answers = (await Promise.all(Array.from({ length: 6 }, () => client.timeout(2_000).emitWithAck('nothing', {})))) as { error: WireError }[];
  expect(answers.map(({ error }) => error.code)).toEqual(['invalid', 'invalid', 'invalid', 'invalid', 'invalid', 'rate-limited']);
});

test('G10 a flood is told why and cut; another client of the same user goes on', async () => {
  await start({ env: { RATE_FRAMES: '5' } });
  const { token } = await node.guest();
  const [client, other] = [await node.connect({ token }), await node.connect({ token })];
  const closing = new Promise<WireError>((resolve) => client.once('server:closing', resolve));
  const gone = new Promise((resolve) => client.once('disconnect', resolve));
  for (let i = 0; i < 100; i += 1) client.emit('session:list', {});
  expect(await closing).toMatchObject({ code: 'rate-limited' });
  await gone;
  expect(await ask(other, 'session:list', {})).toMatchObject({ ok: true });
  expect(node.logs.filter(({ text }) => text === 'cut a socket that floods')).toHaveLength(1);
  // Of the first five, those that were read together with the rest may go with the socket, unanswered.
  const reached = node.callsOf('session-owner.list').length;
  expect([reached >= 1, reached <= 6]).toEqual([true, true]);
});

test('G11 sends over the quota are refused before the owner hears of them, on sockets and over HTTP together', async () => {
  await start({ env: { RATE_SENDS: '3', RATE_SENDS_WINDOW_MS: '60000' } });
  const { token } = await node.guest();
  const [one, two] = [await node.connect({ token }), await node.connect({ token })];
  expect((await ask(one, 'message:send', message(1))).ok).toBe(true);
  expect((await ask(two, 'message:send', message(2))).ok).toBe(true);
  expect((await node.http('/api/chat', { token, json: { message: 'Hi' } })).status).toBe(202);
  expect(await ask(one, 'message:send', message(3))).toMatchObject({ ok: false, error: { code: 'rate-limited', retryable: true, retryAfterMs: expect.any(Number) } });
  const { status, headers, body } = await node.http('/api/chat', { token, json: { message: 'Hi' } });
  expect([status, body]).toEqual([429, { error: expect.objectContaining({ code: 'rate-limited' }) }]);
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  expect(node.callsOf('session-owner.send')).toHaveLength(3);
  const stranger = await node.connect();
  expect((await ask(stranger, 'message:send', message(1))).ok).toBe(true);
});

test('G11 a message that is refused for its fields costs nothing', async () => {
  await start({ env: { RATE_SENDS: '1' } });
  const client = await node.connect();
  expect(await ask(client, 'message:send', { ...message(1), content: '' })).toMatchObject({ error: { code: 'invalid' } });
  expect((await ask(client, 'message:send', message(1))).ok).toBe(true);
});

test('G11 a repeat that was refused waits as it is told and then finds its first answer', async () => {
  await start({ env: { RATE_SENDS: '1', RATE_SENDS_WINDOW_MS: '50' } });
  const client = await node.connect();
  const first = await ask(client, 'message:send', message(1));
  node.owner['session-owner.send'] = () => ({ sessionId: 's1', messageId: 'm1', replyId: 'r1', duplicate: true, status: 'streaming' });
  await until('the repeat is answered', async () => {
    const again = await ask(client, 'message:send', message(1));
    if (!again.ok) return again.error.code !== 'rate-limited';
    expect(again).toEqual({ ...first, duplicate: true, status: 'streaming' });
    return true;
  });
});

test('G11 when nobody can count, sends are refused for now and everything else works', async () => {
  const quotas: Quotas = { take: () => Promise.reject(new Error('the store is away')) };
  await start({ backends: { quotas }, env: { AUTH_JWT_SECRET: 's'.repeat(40) } });
  const { token } = await node.gateway.context.tokens.issueGuest();
  const client = await node.connect({ token });
  expect(await ask(client, 'message:send', message(1))).toMatchObject({ ok: false, error: { code: 'unavailable', retryable: true } });
  expect((await ask(client, 'session:open', { sessionId: 's1' })).ok).toBe(true);
  expect(node.logs.some(({ level, text }) => level === 'error' && text === 'quotas cannot be counted')).toBe(true);
});

test('G12 new guests are limited for each address; those who are known get fresh tokens all the same', async () => {
  await start({ env: { RATE_GUEST_TOKENS: '2' } });
  const { token, userId } = await node.guest();
  await node.guest();
  const { status, headers, body } = await node.http('/api/auth/guest', { method: 'POST' });
  expect([status, body]).toEqual([429, { error: expect.objectContaining({ code: 'rate-limited', retryAfterMs: expect.any(Number) }) }]);
  expect(headers.get('retry-after')).toBe('60');
  for (let i = 0; i < 10; i += 1) expect(await node.guest(token)).toMatchObject({ userId });
  await until('it is in the audit', () => node.refused.some(({ data }) => data['code'] === 'rate-limited'));
});

test('G12 renewals are limited too, far above', async () => {
  await start({ env: { RATE_GUEST_TOKENS: '1' } });
  const { token } = await node.guest();
  const statuses = [];
  for (let i = 0; i < 21; i += 1) statuses.push((await node.http('/api/auth/guest', { method: 'POST', token })).status);
  expect(statuses).toEqual([...Array.from({ length: 20 }, () => 200), 429]);
});

test('G23 behind a trusted proxy each client is counted by its own address', async () => {
  await start({ env: { RATE_GUEST_TOKENS: '1', TRUSTED_PROXIES: '127.0.0.1' } });
  const from = async (address: string) => (await node.http('/api/auth/guest', { method: 'POST', headers: { 'x-forwarded-for': address } })).status;
  expect([await from('1.1.1.1'), await from('2.2.2.2'), await from('6.6.6.6, 1.1.1.1')]).toEqual([200, 200, 429]);
});

test('G15 a body over the limit, one that is no JSON and a packed one are refused by name', async () => {
  await start({ env: { MAX_FRAME_BYTES: '200000' } });
  const { token } = await node.guest();
  const large = await node.http('/api/chat', { token, json: { message: 'Hi', more: 'x'.repeat(300_000) } });
  expect([large.status, large.body]).toEqual([413, { error: expect.objectContaining({ code: 'too-large' }) }]);
  const long = await node.http('/api/chat', { token, json: { message: 'x'.repeat(100_001) } });
  expect([long.status, long.body]).toEqual([413, { error: expect.objectContaining({ code: 'too-large' }) }]);
  const broken = await node.http('/api/chat', { token, method: 'POST', body: '{"message": my secret' });
  expect([broken.status, broken.body]).toEqual([400, { error: { code: 'invalid', message: 'The body is not valid JSON.', retryable: false } }]);
  const packed = await node.http('/api/chat', { token, method: 'POST', body: '{}', headers: { 'content-encoding': 'gzip' } });
  expect([packed.status, packed.body]).toEqual([400, { error: expect.objectContaining({ code: 'invalid' }) }]);
  expect(JSON.stringify(node.logs)).not.toContain('my secret');
});

test('G15 a frame of just under the limit goes through', async () => {
  await start({});
  const client = await node.connect();
  expect((await ask(client, 'message:send', { ...message(1), content: '\u0001'.repeat(100_000) })).ok).toBe(true);
});

test('T14 versions are made by the owner, and each counts as a message sent; looking at them does not', async () => {
  await start({ env: { RATE_SENDS: '3', RATE_SENDS_WINDOW_MS: '60000' } });
  const client = await node.connect();
  const version = { sessionId: 's1', messageId: 'm1', clientMessageId: 'c1' };
  expect(await ask(client, 'message:regenerate', version)).toMatchObject({ ok: true, messageId: 'm1', replyId: 'r2', duplicate: false });
  expect(await ask(client, 'message:continue', version)).toMatchObject({ ok: true });
  expect(await ask(client, 'message:edit', { ...version, content: 'new' })).toMatchObject({ ok: true, messageId: 'm2' });
  for (const [name, fields] of [['message:regenerate', version], ['message:continue', version], ['message:edit', { ...version, content: 'new' }]] as const) {
    expect(await ask(client, name, fields)).toMatchObject({ ok: false, error: { code: 'rate-limited' } });
  }
  expect(await ask(client, 'message:select', { sessionId: 's1', messageId: 'm1' })).toEqual({ ok: true, tip: 'm1' });
  expect(await ask(client, 'message:versions', { sessionId: 's1', messageId: 'm1' })).toEqual({ ok: true, versions: [] });
  expect(await ask(client, 'message:edit', { ...version, content: ' ' })).toMatchObject({ error: { code: 'invalid' } });
  for (const action of ['regenerate', 'continue', 'edit', 'select', 'versions'] as const) {
    expect(node.callsOf(`session-owner.${action}`)).toMatchObject([{ params: { userId: expect.any(String), sessionId: 's1', messageId: 'm1' } }]);
  }
});
