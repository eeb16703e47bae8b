/** Where a Redis with AOF keeps what it wrote last. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The append-only file that is written now, in the folder of its server. Throws when there is none. */
export function appendOnlyFile(serverDir: string): string {
  const folder = join(serverDir, 'appendonlydir');
  const newest = readdirSync(folder).filter((name) => name.endsWith('.incr.aof')).sort((a, b) => generationOf(a) - generationOf(b)).at(-1);
  if (newest === undefined) throw new Error(`There is no append-only file in ${folder}.`);
  return join(folder, newest);
}

/** `appendonly.aof.12.incr.aof` */
const generationOf = (name: string): number => Number(name.split('.').at(-3));
