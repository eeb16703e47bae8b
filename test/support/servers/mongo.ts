/** A real MongoDB-compatible server for tests. Guard with `describeWith(['mongo'], …)`. */
import type { LocalServer, ServerOptions } from '../../../scripts/servers/local-server.ts';
import { mongoIsReady, startMongo } from '../../../scripts/servers/mongo.ts';
import { allowBuilding, serverFolder, untilFileEnds } from './started.ts';

allowBuilding(mongoIsReady());

/** Ends with the test file. The same `dir` and `port` as one that was stopped: the same data again. */
export function testMongo(options: Partial<ServerOptions> = {}): Promise<LocalServer> {
  return untilFileEnds(startMongo({ ...options, dir: options.dir ?? serverFolder('mongo') }));
}
