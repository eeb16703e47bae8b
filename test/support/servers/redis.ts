/** A real Redis for tests. Guard with `describeWith(['redis-server'], …)`. */
import type { LocalServer } from '../../../scripts/servers/local-server.ts';
import { startRedis, type RedisOptions } from '../../../scripts/servers/redis.ts';
import { serverFolder, untilFileEnds } from './started.ts';

/** Ends with the test file. The same `dir` and `port` as one that was stopped: the same Redis again, with its data. */
export function testRedis(options: Partial<RedisOptions> = {}): Promise<LocalServer> {
  return untilFileEnds(startRedis({ ...options, dir: options.dir ?? serverFolder('redis') }));
}
