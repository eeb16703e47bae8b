/** Two whole gateways over a real Redis, each with a fake owner beside it, and what their clients see of an outage. */
import { Redis } from 'ioredis';
import type { Socket as ClientSocket } from 'socket.io-client';
import { FAN_OUT_PREFIX, openRedisFanOut } from '../../src/backends/cluster/redis-fan-out.ts';
import { loadConfig } from '../../src/config.ts';
import { call } from '../../src/typed-call.ts';
import { ask, framesOf, startGateway, type TestGateway } from '../support/gateway-harness.ts';
import { testRedis } from '../support/servers/redis.ts';
import { describeWith } from '../support/servers/programs.ts';
import { tcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

const env = { MONGO_URL: 'mongodb://127.0.0.1:1', AUDIT: 'off', AUTH_JWT_SECRET: 'a-secret-for-tests-of-at-least-32-characters', FAN_OUT_TIMEOUT_MS: '300', RESYNC_PER_SECOND: '1', PROBE_PORT: '0' };
const delta = (userId: string, seq: number) => ({ userId, sessionId: 's1', logId: 'LOG1', events: [{ seq, at: 'now', type: 'message.delta' as const, messageId: 'r1', text: `t${seq} ` }] });

describeWith(['redis-server'], 'gateways over Redis', () => {
  let redis: Awaited<ReturnType<typeof testRedis>>;
  let proxy: TcpProxy;
  let a: TestGateway;
  let b: TestGateway;
  let token: string;
  let userId: string;

  async function gateway(nodeId: string, url: string): Promise<TestGateway> {
    const settings = { ...env, REDIS_URL: url };
    return startGateway({ env: settings, nodeId, backends: { mode: 'cluster', openFanOut: () => openRedisFanOut(loadConfig(settings)) } });
  }
  async function tab(at: TestGateway): Promise<{ client: ClientSocket; frames: [string, unknown][] }> {
    const client = await at.connect({ token });
    const frames = framesOf(client);
    expect(await ask(client, 'session:open', { sessionId: 's1' })).toMatchObject({ ok: true });
    return { client, frames };
  }

  beforeEach(async () => {
    redis = await testRedis();
    proxy = await tcpProxy(redis.port);
    // One way for a, another, that can go bad, for b.
    [a, b] = [await gateway('node-a', redis.url), await gateway('node-b', proxy.url(redis.url))];
    ({ token, userId } = await a.guest());
  });
  afterEach(async () => {
    proxy.pass();
    await Promise.all([a.stop(), b.stop()]);
  });

  test('F10 frames, signs of life, calls to open again and list changes of an owner reach its clients at every gateway, in order', async () => {
    const [one, two] = [await tab(a), await tab(b)];
    const toAll: string[] = [];
    const ear = new Redis(redis.url);
    ear.on('smessage', (_channel, message) => void toAll.push(message));
    await until('it can listen', () => ear.status === 'ready');
    await ear.ssubscribe(`${FAN_OUT_PREFIX}#/#`);
    for (let seq = 1; seq <= 50; seq += 1) a.emit('gateway.frames', delta(userId, seq));
    a.emit('gateway.alive', { userId, sessionId: 's1', logId: 'LOG1', seq: 50 });
    a.emit('gateway.resync', { userId, sessionId: 's1', reason: 'moved', withinMs: 50 });
    a.emit('gateway.sessions-changed', { userId, sessionId: 's1', change: 'renamed' });
    const expected = [
      ...Array.from({ length: 50 }, (_, n) => ['delta', ['s1', 'LOG1', n + 1, `t${n + 1} `]]),
      ['session:alive', ['s1', 'LOG1', 50]],
      ['session:resync', { sessionId: 's1', reason: 'moved', withinMs: 50 }],
      ['sessions:changed', { sessionId: 's1', change: 'renamed' }],
    ];
    await until('all of it', () => one.frames.length >= expected.length && two.frames.length >= expected.length);
    expect(one.frames).toEqual(expected);
    expect(two.frames).toEqual(expected);
    // Nothing of it went to gateways without members.
    await ear.ping();
    ear.disconnect();
    expect(toAll).toEqual([]);
  });

  test('F11 while Redis is away sockets stay, local frames go on and opens are refused; afterwards each socket is told to open again', async () => {
    const [one, two, three] = [await tab(a), await tab(b), await tab(b)];
    redis.kill('SIGKILL');
    await redis.exited;
    await until('opens are refused', async () => !(await ask(two.client, 'session:open', { sessionId: 's2' })).ok);
    expect(await ask(two.client, 'session:open', { sessionId: 's2' })).toEqual({ ok: false, error: expect.objectContaining({ code: 'unavailable', retryable: true, retryAfterMs: expect.any(Number) }) });
    a.emit('gateway.frames', delta(userId, 1));
    a.emit('gateway.alive', { userId, sessionId: 's1', logId: 'LOG1', seq: 1 });
    await until('local frames', () => one.frames.length === 2);
    // New ones connect, too.
    const four = await b.connect({ token });
    expect([one, two, three].map(({ client }) => client.connected)).toEqual([true, true, true]);
    await testRedis({ port: redis.port });
    await until('all were told', () => [one, two, three].every(({ frames }) => frames.some(([name]) => name === 'session:resync')), 15_000);
    const resyncs = (frames: [string, unknown][]) => frames.filter(([name]) => name === 'session:resync').map(([, payload]) => payload);
    // RESYNC_PER_SECOND is 1: one socket within a second, three within three.
    expect(resyncs(one.frames)[0]).toEqual({ sessionId: 's1', reason: expect.any(String), withinMs: 1_000 });
    expect(resyncs(two.frames)[0]).toEqual({ sessionId: 's1', reason: expect.any(String), withinMs: 3_000 });
    expect(await ask(two.client, 'session:open', { sessionId: 's1' })).toMatchObject({ ok: true });
    // What went by while Redis was away does not come late; what comes now does come.
    a.emit('gateway.frames', delta(userId, 2));
    await until('the next frame', () => two.frames.some(([name]) => name === 'delta'));
    expect(two.frames.filter(([name]) => name === 'delta')).toEqual([['delta', ['s1', 'LOG1', 2, 't2 ']]]);
    expect(four.connected).toBe(true);
    expect([a, b].flatMap(({ logs }) => logs.filter(({ level }) => level === 'error' || level === 'fatal'))).toEqual([]);
  });

  test('F12 fault 25: the last frames of a reply lost in a half-open connection: its clients are told within seconds', async () => {
    const [, two] = [await tab(a), await tab(b)];
    proxy.blackhole('fan-out-sub');
    a.emit('gateway.frames', delta(userId, 1));
    // Nobody opens anything: the gateway finds out by itself, and gives the connection up.
    const admin = new Redis(redis.url);
    await until('it has found out', async () => String(await admin.client('LIST')).split('name=holdfast:fan-out-sub ').length - 1 === 1);
    admin.disconnect();
    proxy.pass();
    await until('it is told', () => two.frames.some(([name]) => name === 'session:resync'), 5_000);
    expect(two.frames.some(([name]) => name === 'delta')).toBe(false);
  });

  test('F13 a gateway that stops leaves no connection and no subscription', async () => {
    await tab(b);
    const open = proxy.count();
    expect(open).toBe(2);
    await b.broker.stop();
    await until('its connections are gone', () => proxy.count() === 0);
  });

  test('M8 each gateway knows its own sockets, and all of them are found by asking all', async () => {
    const [one, two] = [await tab(a), await tab(b)];
    expect((await call(a.broker, 'gateway.sockets', { sessionId: 's1' })).map(({ id }) => id)).toEqual([one.client.id]);
    expect((await call(b.broker, 'gateway.sockets', { userId })).map(({ id }) => id)).toEqual([two.client.id]);
    expect(await call(b.broker, 'gateway.status', {})).toEqual({ nodeId: 'node-b', sockets: 1, users: 1 });
  });
});
