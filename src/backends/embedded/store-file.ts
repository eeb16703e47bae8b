/** Looks at a database file without SQLite, which could change it or leave files beside it. */
import { copyFileSync, closeSync, existsSync, mkdirSync, openSync, readSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../../start-error.ts';
import { APPLICATION_ID } from './schema.ts';

const HEADER_BYTES = 100;
const APPLICATION_ID_AT = 68;
const MAGIC = 'SQLite format 3\0';

/** The one path of the store in this folder, which is made when it is missing. Throws StartError when it cannot be. */
export function storePath(dataDir: string): string {
  return usable(() => {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    return join(realpathSync(dataDir), 'holdfast.db');
  });
}

/** The file is there, can be written, and is empty or ours. Throws StartError otherwise. */
export function prepareFile(path: string): void {
  // Readable by this user only: it holds the signing secret and everything people wrote.
  usable(() => closeSync(openSync(path, 'a+', 0o600)));
  if (statSync(path).size === 0) return;
  const header = readHeader(path);
  if (header.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw new StartError(`${path} is not a database, or its beginning is damaged: restore it from a backup, or choose another DATA_DIR`);
  }
  if (header.readUInt32BE(APPLICATION_ID_AT) !== APPLICATION_ID) {
    throw new StartError(`${path} is a database of another program: choose another DATA_DIR`);
  }
}

function usable<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError(`DATA_DIR cannot be used (${reason}): let this user write to it, or choose another DATA_DIR`);
  }
}

function readHeader(path: string): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  const file = openSync(path, 'r');
  try {
    readSync(file, header, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(file);
  }
  return header;
}

/**
 * Puts a byte-identical copy in the file's place. SQLite, which still has the damaged one open, sees that its file was
 * replaced and then does not fold a left-over write-ahead log into it: both stay as they were found.
 */
export function keepAsFound(path: string): void {
  if (!existsSync(`${path}-wal`)) return;
  const copy = `${path}-copy`;
  try {
    copyFileSync(path, copy);
    renameSync(copy, path);
  } catch {
    // No room for a copy: SQLite then folds its log in when the process ends, and nothing that was committed is lost.
    rmSync(copy, { force: true });
  }
}
