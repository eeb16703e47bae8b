import type { ServiceSchema } from 'moleculer';
import type { AiStatus } from '../../../src/protocol/broker.ts';
import { chatError } from '../../../src/errors.ts';
import { ask, startGateway, type GatewayOptions, type TestGateway } from '../../support/gateway-harness.ts';

let node: TestGateway;
let token: string;
let userId: string;
async function start(options: GatewayOptions = {}): Promise<void> {
  node = await startGateway(options);
  ({ token, userId } = await node.guest());
}
afterEach(() => node.stop());

const aiStatus: AiStatus = { nodeId: 'node-1', provider: 'demo', model: 'demo', load: 1, capacity: 64 };
const ai = (status: () => AiStatus): ServiceSchema => ({ name: 'ai', actions: { status } });

test('G20 a message sent over HTTP is the same message: accepted with the ids to watch it by', async () => {
  await start();
  const { status, body } = await node.http('/api/chat', { token, json: { sessionId: 's1', message: 'Hi', clientMessageId: 'c1' } });
  expect([status, body]).toEqual([202, { sessionId: 's1', messageId: 'm1', replyId: 'r1', status: 'streaming', duplicate: false }]);
  expect(node.calls).toEqual([{ action: 'session-owner.send', params: { userId, sessionId: 's1', clientMessageId: 'c1', content: 'Hi' } }]);
});

test('G20 without a session a new one is begun, and without a clientMessageId each request is a message of its own', async () => {
  await start();
  for (let i = 0; i < 2; i += 1) expect((await node.http('/api/chat', { token, json: { message: 'Hi' } })).body).toMatchObject({ sessionId: 'new-session1' });
  const ids = node.calls.map(({ params }) => params['clientMessageId']);
  expect(new Set(ids).size).toBe(2);
  expect(node.calls[0]?.params['sessionId']).toBeUndefined();
});

test('G20 cancel, history and sessions ask the owner for this user', async () => {
  await start();
  expect((await node.http('/api/cancel', { token, json: { sessionId: 's1', messageId: 'r1' } })).body).toEqual({ status: 'cancelled' });
  expect((await node.http('/api/history/s1?before=abc&limit=20', { token })).body).toEqual({ messages: [], hasMore: false });
  expect((await node.http('/api/sessions?query=hello&limit=5', { token })).body).toEqual({ sessions: [], hasMore: false });
  expect(node.calls.map(({ params }) => params)).toEqual([
    { userId, sessionId: 's1', messageId: 'r1' },
    { userId, sessionId: 's1', before: 'abc', limit: 20 },
    { userId, query: 'hello', limit: 5 },
  ]);
});

test('H44 a search is for the user of the token or the socket, whatever a client says', async () => {
  await start();
  expect((await node.http('/api/search?query=tr%C3%A0&limit=5&userId=other', { token })).body).toEqual({ found: [], hasMore: false });
  const client = await node.connect();
  expect(await ask(client, 'session:search', { query: 'trà', userId: 'other' })).toMatchObject({ ok: true, found: [] });
  expect(node.calls.map(({ params }) => params)).toEqual([{ userId, query: 'trà', limit: 5 }, { userId: client.hello.userId, query: 'trà' }]);
  expect((await node.http('/api/search?query=a')).status).toBe(401);
});

test('H46 a pin is for the user of the socket', async () => {
  await start();
  const client = await node.connect();
  expect(await ask(client, 'session:pin', { sessionId: 's1', pinned: true })).toMatchObject({ ok: true, session: { id: 's1', pinned: true } });
  expect(node.calls).toEqual([{ action: 'session-owner.pin', params: { userId: client.hello.userId, sessionId: 's1', pinned: true } }]);
});

test.each([
  ['/api/search', 'query: '],
  ['/api/search?query=a&limit=51', 'limit: '],
  ['/api/history/s1?limit=0', 'limit: '],
  ['/api/history/s1?limit=many', 'limit: '],
  ['/api/history/s1?limit=201', 'limit: '],
  ['/api/history/s1?limit=1&limit=2', 'limit: '],
  ['/api/history/a%2Fb', 'sessionId: '],
  ['/api/sessions?before=', 'before: '],
])('G20 %s is invalid and names the field', async (path, field) => {
  await start();
  const { status, body } = await node.http(path, { token });
  expect([status, body]).toEqual([400, { error: { code: 'invalid', message: expect.stringContaining(field), retryable: false } }]);
});

test("G20 the owner's refusals keep their code and get their status", async () => {
  await start();
  const refusals = [['not-found', 404], ['session-busy', 409], ['unavailable', 503]] as const;
  for (const [code, http] of refusals) {
    node.owner['session-owner.send'] = () => {
      throw chatError(code, 'why', 1500);
    };
    const { status, headers, body } = await node.http('/api/chat', { token, json: { message: 'Hi' } });
    expect([status, body]).toEqual([http, { error: { code, message: 'why', retryable: code !== 'not-found', retryAfterMs: 1500 } }]);
    expect(headers.get('retry-after')).toBe('2');
  }
});

test.each([
  ['POST', '/api/chat'],
  ['POST', '/api/cancel'],
  ['GET', '/api/history/s1'],
  ['GET', '/api/sessions'],
])('G2 %s %s needs a good token', async (method, path) => {
  await start();
  for (const bad of [{}, { token: 'nonsense' }, { headers: { authorization: 'Basic YTpi' } }]) {
    const { status, body } = await node.http(path, { method, ...bad });
    expect([status, body]).toEqual([401, { error: expect.objectContaining({ code: 'unauthenticated' }) }]);
  }
  expect(node.calls).toEqual([]);
});

test('G14 listed origins may read and send, others may not send', async () => {
  await start({ env: { ALLOWED_ORIGINS: 'https://app.example' } });
  const from = (origin: string, init: object = {}) => node.http('/api/chat', { token, json: { message: 'Hi' }, headers: { origin }, ...init });
  const listed = await from('https://app.example');
  expect([listed.status, listed.headers.get('access-control-allow-origin'), listed.headers.get('vary')]).toEqual([202, 'https://app.example', 'Origin']);
  const foreign = await from('https://evil.example');
  expect([foreign.status, foreign.body]).toEqual([403, { error: expect.objectContaining({ code: 'forbidden-origin' }) }]);
  expect((await from(node.url)).status).toBe(202);
  const read = await node.http('/api/sessions', { token, headers: { origin: 'https://evil.example' } });
  expect(read.headers.get('access-control-allow-origin')).toBeNull();
  expect(node.callsOf('session-owner.send')).toHaveLength(2);
});

test('G14 a preflight is answered for listed origins only, and errors can be read by them', async () => {
  await start({ env: { ALLOWED_ORIGINS: 'https://app.example' } });
  const preflight = (origin: string) =>
    node.http('/api/chat', { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' } });
  const { status, headers } = await preflight('https://app.example');
  expect([status, headers.get('access-control-allow-origin'), headers.get('access-control-allow-headers')]).toEqual([204, 'https://app.example', 'authorization, content-type']);
  expect(headers.get('access-control-allow-methods')).toContain('POST');
  expect((await preflight('https://evil.example')).status).toBe(403);
  const broken = await node.http('/api/chat', { token, method: 'POST', body: '{', headers: { origin: 'https://app.example' } });
  expect([broken.status, broken.headers.get('access-control-allow-origin')]).toEqual([400, 'https://app.example']);
});

test('G18 health names each dependency and each ai node, and is 200 when all is well', async () => {
  await start({ backends: { health: async () => ({ sqlite: { ok: true } }) }, services: [ai(() => aiStatus)] });
  const { status, body } = await node.http('/api/health');
  expect([status, body]).toEqual([200, {
    ok: true,
    nodeId: 'node-1',
    mode: 'embedded',
    draining: false,
    dependencies: { sqlite: { ok: true } },
    nodes: [{ nodeId: 'node-1', services: ['ai', 'gateway', 'session-owner'] }],
    ai: [{ ok: true, ...aiStatus }],
    gateways: [{ ok: true, nodeId: 'node-1', sockets: 0, users: 0 }],
    outbox: null,
  }]);
});

test.each([
  ['a dependency is down', { health: async () => ({ sqlite: { ok: false, detail: 'disk full' } }) }, () => aiStatus],
  ['nobody knows about the dependencies', { health: () => Promise.reject(new Error('away')) }, () => aiStatus],
  ['the ai node does not answer', {}, () => Promise.reject(new Error('away'))],
])('G18 health is 503 when %s', async (_what, backends, status) => {
  await start({ backends, services: [ai(status as () => AiStatus)] });
  const health = await node.http('/api/health');
  expect([health.status, health.body]).toEqual([503, expect.objectContaining({ ok: false })]);
});

test('G18 health is 503 without any ai node', async () => {
  await start();
  expect(await node.http('/api/health')).toMatchObject({ status: 503, body: { ok: false, ai: [] } });
});

test('G18 a load balancer may ask by HEAD', async () => {
  await start();
  expect([(await node.http('/health', { method: 'HEAD' })).status, (await node.http('/ready', { method: 'HEAD' })).status]).toEqual([200, 200]);
});

describe('shared sessions', () => {
  const page = { title: 'T', createdAt: 'now', messages: [{ role: 'user', content: 'Hi', status: 'complete', createdAt: 'now' }], total: 3, hasMore: true } as const;
  const get = (path: string, headers: Record<string, string> = {}) => fetch(`${node.url}${path}`, { headers });

  test('H54 anybody may read one, and its answer is for no cache and no search engine', async () => {
    await start({ owner: { 'session-owner.shared': () => ({ ...page, messages: [...page.messages] }) } });
    const response = await get('/api/shares/Abc123?after=2&limit=1&sessionId=s1');
    expect([response.status, await response.json()]).toEqual([200, page]);
    expect([response.headers.get('cache-control'), response.headers.get('x-robots-tag')]).toEqual(['no-store', 'noindex']);
    expect(node.calls).toEqual([{ action: 'session-owner.shared', params: { shareId: 'Abc123', after: 2, limit: 1 } }]);
  });

  test('H54 what leads nowhere is one and the same 404, for no cache either', async () => {
    await start({ owner: { 'session-owner.shared': () => { throw chatError('not-found', 'Nothing is shared at this address, or not any more.'); } } });
    const answers = await Promise.all(['/api/shares/unknown', '/api/shares/a%2Fb', '/api/shares/$ne', '/api/shares/x?after=-1', '/api/shares/x?limit=many'].map((path) => get(path)));
    const first = await answers[0]!.clone().text();
    for (const response of answers) {
      expect([response.status, await response.text(), response.headers.get('cache-control'), response.headers.get('x-robots-tag')]).toEqual([404, first, 'no-store', 'noindex']);
    }
    expect(node.calls).toHaveLength(1);
  });

  test('H54 one address reads so many in a while, and is told when to come back', async () => {
    await start({ env: { RATE_SHARE_READS: '2', RATE_SHARE_WINDOW_MS: '60000' } });
    expect((await Promise.all([1, 2].map(() => get('/api/shares/x')))).map(({ status }) => status)).toEqual([200, 200]);
    const refused = await get('/api/shares/x');
    expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([429, true]);
    expect(node.calls).toHaveLength(2);
  });

  test('H54 a fault is logged without the link', async () => {
    await start({ owner: { 'session-owner.shared': () => { throw new Error('broken'); } } });
    expect((await get('/api/shares/verysecret')).status).toBe(500);
    expect(node.logs.some(({ text }) => text === 'request failed')).toBe(true);
    expect(JSON.stringify(node.logs)).not.toContain('verysecret');
  });

  test('H52 sharing and revoking is for the user of the socket', async () => {
    await start();
    const client = await node.connect();
    expect(await ask(client, 'session:share', { sessionId: 's1' })).toMatchObject({ ok: true, shareId: 'share1', path: '/#/share/share1' });
    expect(await ask(client, 'session:unshare', { sessionId: 's1' })).toMatchObject({ ok: true });
    const params = { userId: client.hello.userId, sessionId: 's1' };
    expect(node.calls).toEqual([{ action: 'session-owner.share', params }, { action: 'session-owner.unshare', params }]);
  });

  test('H55 SHARING=off: nobody shares and links show nothing, but what is shared can be revoked', async () => {
    await start({ env: { SHARING: 'off' } });
    const client = await node.connect();
    expect(client.hello.sharing).toBe(false);
    expect(await ask(client, 'session:share', { sessionId: 's1' })).toMatchObject({ ok: false, error: { code: 'invalid', message: 'Sharing is switched off on this server.' } });
    expect((await get('/api/shares/x')).status).toBe(404);
    expect(await ask(client, 'session:unshare', { sessionId: 's1' })).toMatchObject({ ok: true });
    expect(node.calls.map(({ action }) => action)).toEqual(['session-owner.unshare']);
  });
});
