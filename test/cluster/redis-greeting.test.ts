/** A connection to Redis that becomes half-open before its first answer. */
import type { Redis } from 'ioredis';
import { connectRedis, type Purpose } from '../../src/backends/cluster/redis-connection.ts';
import { describeWith } from '../support/servers/programs.ts';
import { testRedis } from '../support/servers/redis.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

describeWith(['redis-server'], 'the greeting of a connection', () => {
  let client: Redis;
  afterEach(() => client.disconnect());

  test.each<[Purpose, object]>([['ordinary', {}], ['append', {}], ['append', { commandTimeout: undefined }], ['subscriber', {}]])('V59 fault 26: lost on the way, a new one is made (%s, %j)', async (purpose, more) => {
    const { url, port } = await testRedis();
    const proxy = await tcpProxy(port);
    client = connectRedis(proxy.url(url), { name: 'greeter', purpose, more });
    await until('the first connection', () => client.status === 'ready');
    // It breaks, and what the next one says is lost: that one will never get an answer, also when all is well again.
    const connects: string[] = [];
    client.on('connect', () => connects.push(client.status));
    proxy.blackhole();
    client.stream.destroy();
    await until('the next connection to be made', () => connects.length > 0);
    await until('what it says to be lost', () => client.status === 'connect' && client.stream.bytesWritten > 0);
    // Bytes reach the proxy in another turn.
    await new Promise((resolve) => setTimeout(resolve, 50));
    proxy.pass();
    await until('a connection that works', () => client.status === 'ready', 10_000);
    expect(await client.ping()).toBe('PONG');
  }, 20_000);
});
