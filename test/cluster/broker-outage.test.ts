/** The broker over a real Redis that goes and comes back. */
import { Redis } from 'ioredis';
import { freePort } from '../../scripts/servers/local-server.ts';
import { allMeet, allWatch, reaches, startProbe, type Heard, type ProbeNode } from '../support/probe-node.ts';
import { startProbeProcess } from '../support/probe-process.ts';
import { testRedis } from '../support/servers/redis.ts';
import { describeWith } from '../support/servers/programs.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

/** A call and an event from everyone to everyone, all the time, whatever becomes of them. */
function traffic(nodes: ProbeNode[], ids: string[]): () => void {
  let n = 0;
  const timer = setInterval(() => {
    n += 1;
    for (const { broker, id: from } of nodes) {
      for (const nodeID of ids.filter((id) => id !== from)) {
        broker.call('probe.take', { from, n }, { nodeID, timeout: 2_000 }).catch(() => {});
        void broker.emit('probe.mark', { from, n }, { groups: [`session-owner@${nodeID}`] });
      }
    }
  }, 5);
  return () => clearInterval(timer);
}

/** Connections of brokers, as Redis counts them. */
async function brokerConnections(url: string): Promise<string[]> {
  const redis = new Redis(url);
  const clients = String(await redis.client('LIST'));
  redis.disconnect();
  return [...clients.matchAll(/ name=(holdfast:broker\S*)/g)].map(([, name]) => name ?? '').sort();
}

const THREE_NODES = [...Array<string>(3).fill('holdfast:broker-pub'), ...Array<string>(3).fill('holdfast:broker-sub')];

describeWith(['redis-server'], 'the broker while Redis goes and comes', () => {
  test('X1 X2 fault 8: five restarts of Redis: the same two connections a node, nothing twice, nothing out of order, nobody ended', async () => {
    let redis = await testRedis();
    const nodes = [await startProbe(redis.url, 'a'), await startProbe(redis.url, 'b')];
    const { child, id: childId } = await startProbeProcess(redis.url, 'c');
    const ids = [...nodes.map(({ id }) => id), childId];
    await allMeet(nodes, [childId]);
    const stopTraffic = traffic(nodes, ids);
    for (const signal of ['SIGTERM', 'SIGKILL', 'SIGTERM', 'SIGKILL', 'SIGTERM'] as const) {
      redis.kill(signal);
      await redis.exited;
      redis = await testRedis({ dir: redis.dir, port: redis.port });
      await allMeet(nodes, [childId]);
      expect(await brokerConnections(redis.url)).toEqual(THREE_NODES);
      const before = nodes.map((node) => node.heard().events);
      await until('much was said', () => nodes.every((node, place) => node.heard().events > (before[place] ?? 0) + 100));
    }
    await allWatch(nodes);
    stopTraffic();
    const heard = [...nodes.map((node) => node.heard()), await nodes[0]!.broker.call<Heard, unknown>('probe.heard', {}, { nodeID: childId })];
    for (const one of heard) {
      expect(one).toMatchObject({ repeats: 1, disorder: 0 });
      expect(Math.min(one.requests, one.events)).toBeGreaterThan(500);
    }
    expect(child.process.exitCode).toBeNull();
    expect(child.errors()).toBe('');
    expect(nodes.flatMap(({ gone, left }) => [...gone, ...left])).toEqual([]);
    await Promise.all(nodes.map((node) => node.stop()));
    child.process.kill('SIGKILL');
    await child.ended;
  }, 120_000);

  test('X3 nobody is declared gone or dropped while Redis is away, nor before all had time to find it again', async () => {
    const redis = await testRedis();
    const proxy = await tcpProxy(redis.port);
    const quick = { heartbeatMs: 500, timeoutMs: 2_000 };
    const [a, b] = [await startProbe(redis.url, 'a', quick), await startProbe(proxy.url(redis.url), 'b', quick)];
    await allMeet([a, b]);
    await allWatch([a, b]);
    const pending = a.broker.call('probe.hang', {}, { nodeID: b.id, timeout: 0 }).catch((error: unknown) => error);
    // Sent after it and answered, twice: the other one has the request, and this one knows that Redis took it.
    for (let n = 0; n < 2; n += 1) await a.broker.call('probe.where', {}, { nodeID: b.id });
    const passed = async (ms: number): Promise<void> => {
      const from = performance.now();
      await until(`${ms} ms`, () => performance.now() - from > ms);
    };
    redis.kill('SIGKILL');
    await redis.exited;
    // Longer than any heartbeat lasts, and then b may find its way back half a second later than a does.
    await passed(2_500);
    proxy.refuse();
    await testRedis({ dir: redis.dir, port: redis.port });
    await until('a is back', () => a.net.loopback().then(() => true, () => false));
    await passed(500);
    proxy.pass();
    await until('b is back', () => reaches(a, b.id), 10_000);
    await allWatch([a, b]);
    expect([a, b].flatMap(({ gone, left }) => [...gone, ...left])).toEqual([]);
    expect(await Promise.race([pending, Promise.resolve('still waiting')])).toBe('still waiting');
    await Promise.all([a.stop(), b.stop()]);
  }, 60_000);

  test('X4 while Redis is away calls are refused as unavailable, emits are lost in silence, nothing can be said of others, and a stop ends', async () => {
    const redis = await testRedis();
    const [a, b] = [await startProbe(redis.url, 'a'), await startProbe(redis.url, 'b')];
    await allMeet([a, b]);
    const pending = a.broker.call('probe.hang', {}, { nodeID: b.id, timeout: 0 }).catch((error: unknown) => error);
    // Sent after it and answered, twice: the other one has the request, and this one knows that Redis took it.
    for (let n = 0; n < 2; n += 1) await a.broker.call('probe.where', {}, { nodeID: b.id });
    redis.kill('SIGKILL');
    await redis.exited;
    await until('a knows', () => !a.broker.transit?.tx.connected);
    await expect(a.broker.call('probe.where', {}, { nodeID: b.id })).rejects.toMatchObject({ type: 'unavailable', retryable: true });
    await expect(a.broker.emit('probe.mark', { from: a.id, n: 1 }, { groups: [`session-owner@${b.id}`] })).resolves.toBeDefined();
    await expect(a.net.presence.isGone(b.id)).rejects.toMatchObject({ type: 'unavailable' });
    await expect(a.net.loopback()).rejects.toMatchObject({ type: 'unavailable' });
    expect(await Promise.race([pending, Promise.resolve('still waiting')])).toBe('still waiting');
    const begun = Date.now();
    await Promise.all([a.stop(), b.stop()]);
    expect(Date.now() - begun).toBeLessThan(5_000);
  }, 30_000);

  test('X5 the first start with Redis down says so in one line and goes on when it is there', async () => {
    const port = await freePort();
    const said: string[] = [];
    const write = jest.spyOn(process.stderr, 'write').mockImplementation((line) => said.push(String(line)) > 0);
    try {
      const starting = startProbe(`redis://127.0.0.1:${port}`, 'early');
      await until('it says so', () => said.length > 0);
      await testRedis({ port });
      const node = await starting;
      expect(said).toEqual([`holdfast: Redis at 127.0.0.1:${port} is not there yet (ECONNREFUSED); waiting\n`]);
      await node.net.loopback();
      await node.stop();
    } finally {
      write.mockRestore();
    }
  }, 30_000);
});
