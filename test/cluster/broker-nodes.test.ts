/** Nodes that come, go, die and hang, on a real Redis. */
import { Redis } from 'ioredis';
import { allMeet, allWatch, reaches, startProbe } from '../support/probe-node.ts';
import { startProbeProcess } from '../support/probe-process.ts';
import { testRedis } from '../support/servers/redis.ts';
import { describeWith } from '../support/servers/programs.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

const quick = { heartbeatMs: 500, timeoutMs: 2_000 };

async function withRedis<T>(url: string, ask: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url);
  try {
    return await ask(redis);
  } finally {
    redis.disconnect();
  }
}
const registryKeys = (url: string): Promise<string[]> => withRedis(url, async (redis) => (await redis.keys('MOL-*')).sort());

describeWith(['redis-server'], 'nodes of a cluster', () => {
  test('X6 a killed node: the pending call is rejected, it is reported once, gets no calls and does not come back', async () => {
    const redis = await testRedis();
    const [a, b] = [await startProbe(redis.url, 'a'), await startProbe(redis.url, 'b')];
    const { child, id } = await startProbeProcess(redis.url, 'victim');
    await allMeet([a, b], [id]);
    await allWatch([a, b]);
    const pending = a.broker.call('probe.hang', {}, { nodeID: id, timeout: 0 }).catch((error: unknown) => ({ error, at: performance.now() }));
    await a.broker.call('probe.where', {}, { nodeID: id });
    const killedAt = performance.now();
    child.process.kill('SIGKILL');
    const { error, at } = (await pending) as { error: unknown; at: number };
    process.stdout.write(`pending call rejected ${Math.round(at - killedAt)} ms after SIGKILL\n`);
    expect(error).toMatchObject({ type: 'REQUEST_REJECTED' });
    expect(at - killedAt).toBeLessThan(2_000);
    expect(await a.net.presence.isGone(id)).toBe(true);
    expect(await a.net.presence.isGone(b.id)).toBe(false);
    // Its last heartbeat still stands in Redis, and must not bring it back.
    const heartbeat = (): Promise<number> => withRedis(redis.url, (client) => client.exists(`MOL-holdfast-DSCVR-BEAT:${id}`));
    expect(await heartbeat()).toBe(1);
    await until('its heartbeat has run out', async () => {
      for (const { broker } of [a, b]) expect(broker.registry.nodes.get(id)?.available ?? false).toBe(false);
      return (await heartbeat()) === 0;
    }, 10_000);
    expect([a.gone, b.gone, a.left, b.left]).toEqual([[id], [id], [id], [id]]);
    await Promise.all([a.stop(), b.stop()]);
  }, 60_000);

  test('X7 a blink is not a death, and one declared dead by mistake comes back with its heartbeat', async () => {
    const redis = await testRedis();
    const proxy = await tcpProxy(redis.port);
    const [a, b] = [await startProbe(redis.url, 'a', quick), await startProbe(proxy.url(redis.url), 'b', quick)];
    await allMeet([a, b]);
    await allWatch([a, b]);
    const beat = (): number | undefined => a.broker.registry.nodes.get(b.id).lastHeartbeatTime;
    for (let blink = 0; blink < 4; blink += 1) {
      proxy.reset('broker-sub');
      await until('it notices', () => !b.broker.transit?.tx.connected);
      await until('it is back', () => b.net.loopback().then(() => true, () => false));
      const before = beat();
      await until('its next heartbeat', () => beat() !== before);
    }
    expect([a.gone, a.left]).toEqual([[], []]);
    proxy.refuse('broker-sub');
    await until('it is declared gone', () => a.gone.includes(b.id));
    expect(a.left).toEqual([b.id]);
    proxy.pass();
    await until('it is back', () => reaches(a, b.id), 10_000);
    expect(a.gone).toEqual([b.id]);
    await Promise.all([a.stop(), b.stop()]);
  }, 60_000);

  test('X8 after FLUSHALL all see one another again, newcomers too', async () => {
    const redis = await testRedis();
    const old = [await startProbe(redis.url, 'a', quick), await startProbe(redis.url, 'b', quick)];
    await allMeet(old);
    await withRedis(redis.url, (client) => client.flushall());
    const newcomer = await startProbe(redis.url, 'c', quick);
    await allMeet([...old, newcomer], [], 5_000);
    expect(old.flatMap(({ gone, left }) => [...gone, ...left])).toEqual([]);
    await Promise.all([...old, newcomer].map((node) => node.stop()));
  }, 60_000);

  test('X9 a hung node gets no calls after its heartbeat has run out, and comes back when it wakes', async () => {
    const redis = await testRedis();
    const a = await startProbe(redis.url, 'a', quick);
    const { child, id } = await startProbeProcess(redis.url, 'hung');
    await allMeet([a], [id]);
    child.process.kill('SIGSTOP');
    await until('it is dropped', () => a.left.includes(id), 12_000);
    expect(a.gone).toEqual([]);
    child.process.kill('SIGCONT');
    await until('it is back', () => reaches(a, id), 10_000);
    child.process.kill('SIGKILL');
    await a.stop();
  }, 60_000);

  test('X10 a node that stops is left at once, is no death, and leaves no keys', async () => {
    const redis = await testRedis();
    const [a, b] = [await startProbe(redis.url, 'a'), await startProbe(redis.url, 'b')];
    await allMeet([a, b]);
    await allWatch([a]);
    const offered: number[] = [];
    const offers = (): number => a.broker.registry.nodes.get(b.id).services.length;
    b.broker.createService({ name: 'last', stopped: async () => void offered.push(offers()) });
    await until('a knows the new service', () => offers() === 3);
    await b.stop();
    // While its services still stop, nobody sends it anything new.
    expect(offered).toEqual([0]);
    await until('a knows', () => a.left.includes(b.id), 500);
    expect(await registryKeys(redis.url)).toEqual([`MOL-holdfast-DSCVR-BEAT:${a.id}`, `MOL-holdfast-DSCVR-INFO:${a.id}`, 'MOL-holdfast-DSCVR-NODES']);
    await until('a looked a while', () => a.net.presence.isGone(b.id));
    expect(a.gone).toEqual([]);
    await a.stop();
    expect(await registryKeys(redis.url)).toEqual([]);
  }, 30_000);

  test('X11 an event for the group of one node reaches that node alone, in the order of its sender', async () => {
    const redis = await testRedis();
    const nodes = [await startProbe(redis.url, 'a'), await startProbe(redis.url, 'b'), await startProbe(redis.url, 'c')];
    await allMeet(nodes);
    const [a, b, c] = nodes as [typeof nodes[0], typeof nodes[0], typeof nodes[0]];
    for (let n = 0; n < 2_000; n += 1) {
      for (const { broker, id: from } of [a, b]) void broker.emit('probe.mark', { from, n }, { groups: [`session-owner@${c.id}`] });
    }
    await until('all are there', () => c.heard().events === 4_000, 15_000);
    expect(c.heard()).toMatchObject({ repeats: 1, disorder: 0 });
    expect([a.heard().events, b.heard().events]).toEqual([0, 0]);
    await Promise.all(nodes.map((node) => node.stop()));
  }, 60_000);

  test('X2 what Redis took, but whose answer was lost with the connection, is not sent again', async () => {
    const redis = await testRedis();
    const proxy = await tcpProxy(redis.port);
    const [a, b] = [await startProbe(redis.url, 'a', quick), await startProbe(proxy.url(redis.url), 'b', quick)];
    await allMeet([a, b]);
    proxy.blackhole('broker-pub', 'back');
    const call = b.broker.call('probe.take', { from: b.id, n: 1 }, { nodeID: a.id, timeout: 1_000 }).catch(() => {});
    void b.broker.emit('probe.mark', { from: b.id, n: 1 }, { groups: [`session-owner@${a.id}`] });
    await until('both are there', () => a.heard().requests === 1 && a.heard().events === 1);
    proxy.pass();
    proxy.reset('broker-pub');
    await call;
    await until('it is back', () => reaches(b, a.id), 10_000);
    expect(a.heard()).toEqual({ requests: 1, events: 1, repeats: 1, disorder: 0 });
    await Promise.all([a.stop(), b.stop()]);
  }, 60_000);

  test.each(['broker-pub', 'broker-sub'])('X12 a half-open connection (%s) shows in the loopback, and is made anew', async (connection) => {
    const redis = await testRedis();
    const proxy = await tcpProxy(redis.port);
    const [a, b] = [await startProbe(redis.url, 'a', quick), await startProbe(proxy.url(redis.url), 'b', quick)];
    await allMeet([a, b]);
    proxy.blackhole(connection);
    await until('it is cut off', async () => !(await reaches(a, b.id)));
    // The old connection stays dead, and nobody here tells the node to look.
    proxy.pass();
    await until('calls come through', () => reaches(a, b.id), 10_000);
    proxy.blackhole(connection);
    await expect(b.net.loopback()).rejects.toMatchObject({ type: 'unavailable' });
    proxy.pass();
    await until('it has a new one', () => b.net.loopback().then(() => true, () => false), 10_000);
    expect(proxy.count()).toBe(2);
    await Promise.all([a.stop(), b.stop()]);
  }, 60_000);
});
