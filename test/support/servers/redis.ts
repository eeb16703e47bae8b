/** Real servers for tests. Without the program a test is skipped, or fails when REQUIRE_SERVERS=1. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis, type RedisOptions } from '../../../scripts/servers/redis.ts';
import type { LocalServer } from '../../../scripts/servers/local-server.ts';

const started: { server: LocalServer; folder: string }[] = [];

afterAll(async () => {
  for (const { server, folder } of started.splice(0)) {
    server.kill('SIGKILL');
    await server.exited;
    rmSync(folder, { recursive: true, force: true });
  }
});

/** A Redis for this test file; it ends with the file. */
export async function testRedis(options: Partial<RedisOptions> = {}): Promise<LocalServer> {
  const folder = options.dir ?? mkdtempSync(join(tmpdir(), 'holdfast-redis-'));
  const server = await startRedis({ dir: folder, ...options });
  started.push({ server, folder });
  return server;
}
