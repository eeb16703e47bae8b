import { createServer } from 'node:net';
import { StartError } from '../../../src/start-error.ts';
import { ask, startGateway, TestGateway } from '../../support/gateway-harness.ts';
import { until } from '../../support/until.ts';

let node: TestGateway;
beforeEach(async () => {
  node = await startGateway();
});
afterEach(() => node.stop());

test('G17 a draining node tells its sockets, takes nobody new, is not ready, and goes on serving', async () => {
  const client = await node.connect();
  const { token } = await node.guest();
  expect([(await node.http('/ready')).status, (await node.http('/health')).status]).toEqual([200, 200]);
  const told = new Promise((resolve) => client.once('server:draining', resolve));
  await node.broker.broadcastLocal('node.draining', { withinMs: 2_500 });
  expect(await told).toEqual({ withinMs: 2_500 });
  expect(await node.http('/ready')).toMatchObject({ status: 503, body: { ready: false, draining: true } });
  expect((await node.http('/health')).status).toBe(200);
  expect(await node.refusal({ token })).toMatchObject({ code: 'unavailable', retryable: true });
  expect((await ask(client, 'session:open', { sessionId: 's1' })).ok).toBe(true);
});

test('G17 draining twice tells the sockets once', async () => {
  const client = await node.connect();
  const told: unknown[] = [];
  client.on('server:draining', (notice) => told.push(notice));
  const service = node.broker.getLocalService('gateway') as { beginDrain?: (withinMs: number) => void };
  service.beginDrain?.(100);
  service.beginDrain?.(200);
  await ask(client, 'session:list', {});
  expect(told).toEqual([{ withinMs: 100 }]);
});

test('G17 stopping ends all connections soon, also of a client that never reads', async () => {
  const client = await node.connect();
  const { ws } = (client.io.engine as { transport: object }).transport as { ws: { _socket: { pause(): void; resume(): void } } };
  ws._socket.pause();
  const begun = Date.now();
  await node.broker.stop();
  expect(Date.now() - begun).toBeLessThan(5_000);
  ws._socket.resume();
  await until('it knows', () => !client.connected);
});

test('G18 a node without a session owner is not ready', async () => {
  await node.broker.destroyService('session-owner');
  expect(await node.http('/ready')).toMatchObject({ status: 503, body: { ready: false, draining: false } });
});

test('G19 it says where it is when everything has started, once and last', async () => {
  await until('the line', () => node.logs.at(-1)?.text === `Holdfast is ready at ${node.url}`);
  expect(node.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(node.logs.filter(({ text }) => text.startsWith('Holdfast is ready'))).toHaveLength(1);
});

test('G19 a port in use fails the start with one line', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  const second = new TestGateway({ env: { PORT: String(port) } });
  const started = second.broker.start();
  await expect(started).rejects.toBeInstanceOf(StartError);
  await expect(started).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use. Stop the other program or set PORT.`);
  await second.stop();
  other.close();
});

test('G19 a setting that makes no sense fails the start with one line', async () => {
  for (const [env, line] of [
    [{ TRUSTED_PROXIES: 'haproxy' }, 'TRUSTED_PROXIES: "haproxy"'],
  ] as const) {
    const wrong = new TestGateway({ env });
    const started = wrong.broker.start();
    await expect(started).rejects.toBeInstanceOf(StartError);
    await expect(started).rejects.toThrow(line);
    await wrong.stop();
  }
});
