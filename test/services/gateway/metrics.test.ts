/** What a gateway tells Prometheus, and half-open sockets. */
import { startGateway, ask, type TestGateway } from '../../support/gateway-harness.ts';
import { chatError } from '../../../src/errors.ts';
import { call } from '../../../src/typed-call.ts';
import { tcpProxy } from '../../support/tcp-proxy.ts';
import { until } from '../../support/until.ts';

let node: TestGateway;
afterEach(() => node.stop());

async function metric(name: string): Promise<number | undefined> {
  const text = String((await node.http('/metrics')).body);
  const line = text.split('\n').find((one) => one.startsWith(`holdfast_${name} `));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}

test('M6 sockets, users by their sockets, open sessions and rooms are what they are now', async () => {
  node = await startGateway();
  const { token } = await node.guest();
  const [one, two] = [await node.connect({ token }), await node.connect({ token })];
  await node.connect();
  await ask(one, 'session:open', { sessionId: 's1' });
  await ask(two, 'session:open', { sessionId: 's1', mode: 'accumulated' });
  await ask(two, 'session:open', { sessionId: 's2' });
  const read = async () => [await metric('sockets'), await metric('users{sockets="1"}'), await metric('users{sockets="2"}'), await metric('open_sessions'), await metric('rooms')];
  expect(await read()).toEqual([3, 1, 1, 2, 5]);
  two.disconnect();
  await until('it is gone', async () => (await metric('sockets')) === 2);
  expect(await read()).toEqual([2, 2, 0, 1, 3]);
});

test('M6 frames out, refused logins and refused sends are counted, by code', async () => {
  const owner = { 'session-owner.send': () => { throw chatError('session-busy', 'busy'); } };
  node = await startGateway({ owner, env: { RATE_SENDS: '2' } });
  const client = await node.connect();
  await node.refusal({ token: 'nonsense' });
  await node.http('/api/sessions');
  const before = (await metric('frames_out_total')) ?? 0;
  for (let n = 0; n < 3; n += 1) await ask(client, 'message:send', { sessionId: 's1', clientMessageId: `c${n}`, content: 'Hi' });
  expect((await metric('frames_out_total')) ?? 0).toBe(before + 3);
  expect(await metric('bytes_out_total')).toBeGreaterThan(100);
  expect([await metric('sends_refused_total{code="session-busy"}'), await metric('sends_refused_total{code="rate-limited"}')]).toEqual([2, 1]);
  expect(await metric('logins_refused_total{code="unauthenticated"}')).toBe(2);
});

test('M4 pages of other origins cannot read /metrics', async () => {
  node = await startGateway({ env: { ALLOWED_ORIGINS: '*' } });
  const { status, headers } = await node.http('/metrics', { headers: { origin: 'https://elsewhere.example' } });
  expect([status, headers.get('access-control-allow-origin')]).toEqual([200, null]);
});

test('M9 a half-open socket is gone within ping interval and timeout; one that only answers pings stays and is heard', async () => {
  const [interval, timeout] = [300, 300];
  node = await startGateway({ env: { PING_INTERVAL_MS: String(interval), PING_TIMEOUT_MS: String(timeout) } });
  const proxy = await tcpProxy(Number(new URL(node.url).port));
  const { token } = await node.guest();
  const silent = await node.connect({ token });
  const options = { transports: ['websocket'], forceNew: true, reconnection: false, auth: { token } };
  const { io } = await import('socket.io-client');
  const lost = io(`http://127.0.0.1:${proxy.port}`, options);
  const sockets = () => call(node.broker, 'gateway.sockets', {});
  await until('both are there', async () => (await sockets()).length === 2);
  const lostId = lost.id;
  proxy.blackhole();
  const begun = Date.now();
  await until('the half-open one is gone', async () => (await sockets()).every(({ id }) => id !== lostId));
  expect(Date.now() - begun).toBeLessThan(interval + timeout + 300);
  const [first] = await sockets();
  expect(first?.id).toBe(silent.id);
  await until('the silent one is heard', async () => (await sockets())[0]!.lastHeartbeat > first!.lastHeartbeat);
  lost.disconnect();
});
