/** A real HAProxy for tests. Guard with `describeWith(['haproxy'], …)`. */
import { startHaproxy, type HaproxyOptions } from '../../../scripts/servers/haproxy.ts';
import type { LocalServer } from '../../../scripts/servers/local-server.ts';
import { serverFolder, untilFileEnds } from './started.ts';

/** Ends with the test file. */
export function testHaproxy(options: Omit<HaproxyOptions, 'dir'> & { dir?: string }): Promise<LocalServer> {
  return untilFileEnds(startHaproxy({ ...options, dir: options.dir ?? serverFolder('haproxy') }));
}
