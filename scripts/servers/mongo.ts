/** A MongoDB-compatible server of our own: `mongod` where it is installed, else FerretDB, built once with Go. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { accepts, freePort, launch, localServer, type LocalServer, type ServerOptions } from './local-server.ts';
import { builtFolder, buildOnce, missingPrograms, recipeFolder, type Recipe } from './server-cache.ts';

const recipe: Recipe = {
  name: 'mongo',
  folder: recipeFolder('mongo'),
  command: 'sh',
  args: ['build.sh'],
  // No version control to ask in the cache folder; no C compiler needed.
  env: { GOFLAGS: '-buildvcs=false', CGO_ENABLED: '0' },
};

/** Programs that are missing here to run one. */
export function missingForMongo(): string[] {
  return mongoIsReady() ? [] : missingPrograms(['go']);
}

export function mongoIsReady(): boolean {
  return hasMongod() || existsSync(builtFolder(recipe));
}

/** What is run, after building it once if it has to be. */
export async function provideMongo(): Promise<{ command: string; isMongod: boolean }> {
  if (hasMongod()) return { command: 'mongod', isMongod: true };
  if (missingForMongo().length > 0) {
    throw new Error('A MongoDB server needs mongod on the PATH, or go to build a small stand-in: install one, or set MONGO_URL to a server of yours.');
  }
  return { command: join(await buildOnce(recipe), 'mongo'), isMongod: false };
}

export async function startMongo({ dir, port }: ServerOptions): Promise<LocalServer> {
  const { command, isMongod } = await provideMongo();
  const at = port ?? (await freePort());
  const data = join(dir, 'data');
  mkdirSync(data, { recursive: true });
  const launched = await launch({
    command,
    args: isMongod ? ['--dbpath', data, '--port', String(at), '--bind_ip', '127.0.0.1'] : [`127.0.0.1:${at}`, data],
    dir,
    logName: 'mongo.log',
    ready: () => accepts(at),
  });
  return localServer(launched, { url: `mongodb://127.0.0.1:${at}/holdfast`, port: at, dir });
}

function hasMongod(): boolean {
  return missingPrograms(['mongod']).length === 0;
}
