import type { Socket } from 'socket.io-client';
import { chatError } from '../../../src/errors.ts';
import { actions } from '../../../src/protocol/broker.ts';
import type { WireError } from '../../../src/protocol/errors.ts';
import { startGateway, type TestGateway } from '../../support/gateway-harness.ts';
import { until } from '../../support/until.ts';

let node: TestGateway;
let token: string;
let client: Socket;
beforeAll(async () => {
  node = await startGateway({
    env: { RATE_FRAMES: '1000' },
    owner: {
      'session-owner.history': () => {
        throw chatError('not-found', 'There is no such session.');
      },
    },
  });
  token = (await node.guest()).token;
  client = await node.connect({ token });
});
afterAll(() => node.stop());

const MIXIN_ACTIONS = ['gateway.rest', 'gateway.call', 'gateway.broadcast', 'gateway.getClients', 'gateway.listAliases', 'gateway.addRoute', 'gateway.removeRoute'];
const INTERNAL = [...Object.keys(actions), ...MIXIN_ACTIONS, '$node.options', '$node.list', '$node.services', '$node.actions', '$node.health'];

test.each(['call', '$node.options', '$node.list', ...INTERNAL])('G3 the event %s does nothing on a socket', async (name) => {
  const answer = (await client.timeout(2_000).emitWithAck(name, {})) as { ok: boolean; error: WireError };
  expect(answer).toEqual({ ok: false, error: { code: 'invalid', message: `unknown event "${name}"`, retryable: false } });
});

test.each(INTERNAL)("G3 moleculer-io's call event does not reach %s", async (name) => {
  const answer = (await client.timeout(2_000).emitWithAck('call', name, {})) as { ok: boolean };
  expect(answer.ok).toBe(false);
});

test.each(INTERNAL)('G3 %s cannot be reached over HTTP', async (name) => {
  const path = name.replace('$', '~').replaceAll('.', '/');
  for (const address of [`/api/${path}`, `/api/${name}`]) {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      const { status, body } = await node.http(address, { method, token });
      expect([address, method, status, body]).toEqual([address, method, 404, { error: expect.objectContaining({ code: 'not-found' }) }]);
    }
  }
  // Outside /api every address is the app's page, or, while that is not built, says so.
  expect(typeof (await node.http(`/${path}`, { token })).body).toBe('string');
  expect((await node.http(`/${path}`, { method: 'POST', token })).status).toBe(404);
});

test('G3 none of this reached the owner', () => {
  // GET /api/history/store and the like ask for the user's own session of that name.
  expect(node.calls.filter(({ action }) => action !== 'session-owner.history')).toEqual([]);
});

test("G3 the mixins' actions are gone from the broker too", () => {
  const names = node.broker.registry.getActionList({ onlyLocal: true }).map(({ name }) => name);
  expect(names.filter((name) => name.startsWith('gateway.'))).toEqual(['gateway.sockets', 'gateway.status']);
});

test('G3 an address that is not there is JSON with the catalogue code', async () => {
  const { status, body } = await node.http('/api/nothing');
  expect([status, body]).toEqual([404, { error: { code: 'not-found', message: expect.any(String), retryable: false } }]);
  expect((await node.http('/api/history/%zz', { token })).status).toBe(400);
});

test('G4 events without acknowledgement, without fields and with nonsense harm nobody', async () => {
  const nonsense = await node.connect();
  for (const name of ['session:open', 'message:send', 'auth:refresh', 'call', 'nothing']) {
    for (const args of [[], [null], [7], ['text'], [[]], [{ __proto__: { sessionId: 's' } }], [Buffer.from('x')], [() => undefined]]) {
      nonsense.emit(name, ...args);
    }
  }
  const answer = await nonsense.timeout(2_000).emitWithAck('session:list', {});
  expect(answer).toEqual({ ok: true, sessions: [], hasMore: false });
  const other = await nonsense.timeout(2_000).emitWithAck('session:list');
  expect(other).toMatchObject({ ok: true });
});

test('G4 wrong fields are named, a text over the limit is too large', async () => {
  const ask = async (name: string, fields: unknown) => ((await client.timeout(2_000).emitWithAck(name, fields)) as { error: WireError }).error;
  expect(await ask('message:send', { sessionId: 's1', clientMessageId: 'c1' })).toMatchObject({ code: 'invalid', message: expect.stringContaining('content: ') });
  expect(await ask('message:send', { sessionId: 's1', clientMessageId: 'c1', content: '  ' })).toMatchObject({ code: 'invalid' });
  expect(await ask('message:send', { sessionId: 's1', clientMessageId: 'c1', content: 'x'.repeat(100_001) })).toMatchObject({ code: 'too-large' });
  expect(await ask('session:open', { sessionId: 'a/b' })).toMatchObject({ code: 'invalid', message: expect.stringContaining('sessionId: ') });
  expect(await ask('session:open', { sessionId: 's1', cursor: { logId: 'x', seq: 2 ** 53 } })).toMatchObject({ code: 'invalid', message: expect.stringContaining('cursor.seq: ') });
  expect(await ask('session:open', { sessionId: 's1', cursor: { logId: 'x', seq: -1 } })).toMatchObject({ code: 'invalid' });
  expect(await ask('session:rename', 'text')).toMatchObject({ code: 'invalid' });
});

test('G15 fault 19: a 30 MB frame ends its connection and nobody else notices', async () => {
  const greedy = await node.connect();
  const reason = new Promise((resolve) => greedy.once('disconnect', resolve));
  greedy.emit('message:send', { sessionId: 's1', clientMessageId: 'c1', content: 'x'.repeat(30_000_000) });
  expect(await reason).toBe('transport close');
  expect(client.connected).toBe(true);
  await until('the end is logged', () => node.logs.some(({ text, fields }) => text === 'disconnected' && fields['socket'] !== client.id));
  expect(node.callsOf('session-owner.send')).toEqual([]);
});
