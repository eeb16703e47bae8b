import { RedisDiscoverer } from '../../../src/backends/cluster/redis-discoverer.ts';

test('X14 a reconnect that ends after the stop begins no heartbeats', async () => {
  const parts = { link: {} as never, loopback: () => Promise.resolve(), isDead: () => false, heartbeatMs: 1_000, timeoutMs: 4_000 };
  const discoverer = new RedisDiscoverer(parts);
  discoverer.Promise = Promise;
  discoverer.startHeartbeatTimers();
  expect(discoverer.heartbeatTimer).toBeTruthy();
  await discoverer.stop();
  discoverer.startHeartbeatTimers();
  expect(discoverer.heartbeatTimer).toBeNull();
});
