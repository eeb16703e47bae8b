import { createBackends } from '../../src/backends/create-backends.ts';
import { loadConfig } from '../../src/config.ts';
import { freePort } from '../../scripts/servers/local-server.ts';
import { describeWith } from '../support/servers/programs.ts';
import { testRedis } from '../support/servers/redis.ts';

describeWith(['redis-server'], 'the switch', () => {
  test('S37 with REDIS_URL a node is part of a cluster; MongoDB may come later, and health says so', async () => {
    const redis = await testRedis();
    const mongo = `mongodb://127.0.0.1:${await freePort()}/holdfast`;
    const backends = await createBackends(loadConfig({ REDIS_URL: redis.url, MONGO_URL: mongo, AUDIT: 'off', AUTH_GUESTS: 'off', MONGO_TIMEOUT_MS: '500' }));
    try {
      expect(backends.mode).toBe('cluster');
      expect(await backends.health()).toEqual({ redis: { ok: true }, mongodb: { ok: false, detail: expect.any(String) as string } });
      await expect(backends.history.session('nobody')).rejects.toMatchObject({ type: 'unavailable' });
    } finally {
      await backends.close();
    }
  });
});
