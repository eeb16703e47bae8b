/** haproxy/haproxy.cfg with a real HAProxy. */
import { request } from 'node:http';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { settings } from '../../src/config.ts';
import { balancerWaitMs } from '../../src/process/shutdown.ts';
import { describeWith } from '../support/servers/programs.ts';
import { until } from '../support/until.ts';
import { client, configFile, spread, startStage, type ConfigName, type Stage } from './haproxy-stage.ts';

jest.setTimeout(60_000);

/** The raw answer to raw bytes, once HAProxy closes the connection. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
    socket.once('error', reject);
    socket.once('close', () => resolve(answer));
  });
}

describe('the three configurations', () => {
  const lines = (name: ConfigName): string[] => readFileSync(configFile(name), 'utf8').split('\n').filter((line) => !line.startsWith('#'));
  const common = lines('haproxy.cfg');

  test.each([
    ['haproxy-sticky.cfg', ['    balance roundrobin'], ['    balance source', '    hash-type consistent sdbm avalanche']],
    ['haproxy-tls.cfg', [], [/ssl-min-ver/, /redirect code 308/, /# Who asks whether this proxy serves/, /^$/, /^frontend https/, /ssl crt/, /HSTS/, /Strict-Transport/, /^.endif/, /use_backend/]],
  ] as const)('%s differs from haproxy.cfg in nothing else', (name, without, beyond) => {
    const own = lines(name);
    expect(common.filter((line) => !own.includes(line))).toEqual(without);
    const more = own.filter((line, place) => !common.includes(line) || (name === 'haproxy-tls.cfg' && place >= own.indexOf('frontend https') - 1 && place <= own.lastIndexOf('    use_backend gateways')));
    expect(more).toEqual(beyond.map((line) => (typeof line === 'string' ? line : expect.stringMatching(line))));
  });
});

describeWith(['haproxy'], 'haproxy.cfg', () => {
  let stage: Stage;
  /** Begun early, for it takes as long as HAProxy has patience. */
  let slowAnswer: Promise<string>;
  beforeAll(async () => {
    stage = await startStage('haproxy.cfg', 3);
    slowAnswer = raw(stage.port, 'POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345');
  });

  test('H4 300 sockets come to three gateways in equal parts', async () => {
    expect(await spread(stage.url, 300)).toEqual({ 'gateway-1': 100, 'gateway-2': 100, 'gateway-3': 100 });
    stage.gateways.forEach((gateway) => gateway.io.disconnectSockets(true));
  });

  test('H4 requests of one kept connection too', async () => {
    const counts: Record<string, number> = {};
    for (let number = 0; number < 30; number += 1) {
      const gateway = (await fetch(`${stage.url}/api/config`)).headers.get('x-gateway') ?? '';
      counts[gateway] = (counts[gateway] ?? 0) + 1;
    }
    expect(counts).toEqual({ 'gateway-1': 10, 'gateway-2': 10, 'gateway-3': 10 });
    // Each with a connection of its own to the gateway: none meets one that is just being closed.
    const plain = stage.gateways.flatMap(({ requests }) => requests).filter(({ url }) => url === '/api/config');
    expect(new Set(plain.map(({ headers }) => headers.connection))).toEqual(new Set(['close']));
  });

  test('H5 the websocket is upgraded and carries both ways', async () => {
    const { socket, gateway } = await client(stage.url);
    expect(await socket.emitWithAck('echo', 'hello')).toBe(`${gateway}: hello`);
    socket.disconnect();
  });

  test('H6 fault 14: a gateway that is not ready gets nothing new and keeps what it has', async () => {
    const [first, ...others] = stage.gateways;
    const kept = await Promise.all([1, 2, 3].map(() => client(stage.url)));
    const onFirst = kept.find(({ gateway }) => gateway === first!.name)!;
    first!.ready = false;
    await stage.seesUp(others);
    expect(Object.keys(await spread(stage.url, 10)).sort()).toEqual(others.map(({ name }) => name));
    const from = first!.checks;
    await until('many more checks', () => first!.checks > from + 6);
    expect(await onFirst.socket.emitWithAck('echo', 'still here')).toBe(`${first!.name}: still here`);
    first!.ready = true;
    await stage.seesUp(stage.gateways);
    expect(Object.keys(await spread(stage.url, 6))).toHaveLength(3);
  });

  test('H6 it is taken out well before a node tells its clients to move (a quarter of DRAIN_MS)', async () => {
    const checks = /inter (\d+)ms fastinter (\d+)ms .*fall (\d+)/.exec(readFileSync(configFile('haproxy.cfg'), 'utf8'))!.slice(1).map(Number);
    const [inter, fastinter, fall] = checks as [number, number, number];
    const wait = balancerWaitMs({ mode: 'cluster', DRAIN_MS: settings.DRAIN_MS.parse(undefined) });
    // Twice as long as it takes, for a machine that is busy.
    expect(2 * (inter + (fall - 1) * fastinter)).toBeLessThan(wait);
    const [first, ...others] = stage.gateways;
    const began = performance.now();
    first!.ready = false;
    await stage.seesUp(others);
    expect(performance.now() - began).toBeLessThan(wait);
    first!.ready = true;
    await stage.seesUp(stage.gateways);
  });

  test('X30 the sockets of a gateway that answers nothing are cut, so that they come back elsewhere; those of the others are not', async () => {
    const [first, ...others] = stage.gateways;
    const sockets = await Promise.all([1, 2, 3].map(() => client(stage.url)));
    const there = sockets.find(({ gateway }) => gateway === first!.name)!.socket;
    const elsewhere = sockets.filter(({ gateway }) => gateway !== first!.name);
    const began = performance.now();
    first!.hangs = true;
    // Two late answers are a busy process.
    await until('the second check', () => /Layer7 timeout, .* status: 1\/3 UP/.test(stage.log()));
    expect(there.connected).toBe(true);
    await until('its socket is cut', () => !there.connected);
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(Object.keys(await spread(stage.url, 10)).sort()).toEqual(others.map(({ name }) => name));
    for (const { socket, gateway } of elsewhere) expect(await socket.emitWithAck('echo', 'here')).toBe(`${gateway}: here`);
    // What wakes to drain is still left alone.
    first!.hangs = first!.ready = false;
    const from = first!.checks;
    await until('it answered', () => first!.checks > from + 2);
    expect(Object.keys(await spread(stage.url, 10)).sort()).toEqual(others.map(({ name }) => name));
    first!.ready = true;
    await stage.seesUp(stage.gateways);
  });

  test('H7 clients say neither who they are nor how they came', async () => {
    const forged = { Forwarded: 'for=10.9.9.9', 'X-Forwarded-For': '10.9.9.9', 'X-Real-IP': '10.9.9.9', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'evil', 'X-Forwarded-Port': '1' };
    await fetch(`${stage.url}/forged`, { headers: forged });
    const { socket } = await client(stage.url, { extraHeaders: forged });
    socket.disconnect();
    for (const url of ['/forged', 'socket']) {
      const { headers } = stage.gateways.flatMap(({ requests }) => requests).filter((seen) => seen.url === url).at(-1)!;
      expect(headers).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' });
      expect(Object.keys(headers).filter((name) => ['forwarded', 'x-real-ip', 'x-forwarded-host', 'x-forwarded-port'].includes(name))).toEqual([]);
    }
  });

  test.each(['/metrics', '/metrics/', '/metrics?a=1', '/%6detrics', '/METRICS', '//metrics', '/./metrics', '/a/../metrics', '/%2Fmetrics'])('H8 %s is not for the outside', async (path) => {
    const before = stage.gateways.flatMap(({ requests }) => requests).length;
    const status = await new Promise<number>((resolve, reject) => {
      request({ port: stage.port, path, host: '127.0.0.1' }, (res) => resolve(res.resume().statusCode ?? 0)).once('error', reject).end();
    });
    expect(status).toBe(404);
    expect(stage.gateways.flatMap(({ requests }) => requests)).toHaveLength(before);
  });

  test('H9 the log names the chosen server and leaves out the query', async () => {
    const gateway = (await fetch(`${stage.url}/named?token=secret`)).headers.get('x-gateway');
    const { slot, port } = stage.gateways.find(({ name }) => name === gateway)!;
    await until('the line', () => stage.log().includes('GET /named'));
    expect(stage.log()).toMatch(new RegExp(`gateways/${slot} 127\\.0\\.0\\.1:${port} .* 200 .*GET /named$`, 'm'));
    expect(stage.log()).not.toContain('secret');
  });

  test('H11 a further gateway gets its share; a removed one gives its slot back', async () => {
    const added = await stage.add();
    await stage.seesUp(stage.gateways);
    expect((await spread(stage.url, 40))[added.name]).toBe(10);
    await stage.runtime.remove(added.slot);
    await stage.seesUp(stage.gateways.slice(0, 3));
    expect(await spread(stage.url, 6)).toEqual({ 'gateway-1': 2, 'gateway-2': 2, 'gateway-3': 2 });
    expect(await stage.runtime.add(added.port)).toBe(added.slot);
    await stage.runtime.remove(added.slot);
  });

  test('H11 one that is not ready yet gets nothing', async () => {
    const added = await stage.add();
    added.ready = false;
    await stage.runtime.remove(added.slot);
    added.slot = await stage.runtime.add(added.port);
    const from = added.checks;
    expect((await spread(stage.url, 8))[added.name]).toBeUndefined();
    await until('it was checked', () => added.checks > from + 2);
    expect((await spread(stage.url, 8))[added.name]).toBeUndefined();
    await stage.runtime.remove(added.slot);
  });

  test('H10 nothing of a request reaches a gateway before it is whole', async () => {
    expect(await slowAnswer).toMatch(/^HTTP\/1\.1 408 /);
    expect(stage.gateways.flatMap(({ requests }) => requests).filter(({ url }) => url === '/slow')).toEqual([]);
  });

  test('H12 a gateway that dies costs nobody the next connection', async () => {
    const [, second, third] = stage.gateways;
    const { socket } = await client(stage.url);
    await stage.gateways[0]!.kill();
    // HAProxy has not noticed by any check; every one of these is answered by one that lives.
    const counts = await spread(stage.url, 30);
    expect(Object.keys(counts).sort()).toEqual([second!.name, third!.name]);
    await stage.seesUp([second!, third!]);
    socket.disconnect();
  });

  test('H13 without any gateway the answer is the protocol\'s error', async () => {
    await Promise.all(stage.gateways.slice(1, 3).map((gateway) => gateway.kill()));
    await stage.seesUp([]);
    const answer = await fetch(`${stage.url}/api/config`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(await answer.json()).toMatchObject({ error: { code: 'unavailable', retryable: true, retryAfterMs: 1000 } });
  });
});

describeWith(['haproxy'], 'haproxy.cfg with MAX_CONNECTIONS_PER_ADDRESS', () => {
  test('H14 one address has no more connections than that', async () => {
    const stage = await startStage('haproxy.cfg', 1, { MAX_CONNECTIONS_PER_ADDRESS: '5' });
    expect(await spread(stage.url, 5)).toEqual({ 'gateway-1': 5 });
    await expect(client(stage.url)).rejects.toThrow();
    stage.gateways[0]!.io.disconnectSockets(true);
    await until('their places are free', async () => (await stage.runtime.slots()).every(({ connections }) => connections === 0));
    expect(await spread(stage.url, 1)).toEqual({ 'gateway-1': 1 });
  });
});
