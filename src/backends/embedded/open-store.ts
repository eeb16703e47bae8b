/** Opens `holdfast.db`: checks first, then migrations, then what every start of the process does to recovered sessions. */
import { statSync } from 'node:fs';
import { newLogId } from '../../ids.ts';
import { StartError } from '../../start-error.ts';
import { APPLICATION_ID, migrate, SCHEMA_VERSION, schemaVersion } from './schema.ts';
import { isBusy, Sqlite } from './sqlite.ts';
import { keepAsFound, prepareFile, storePath } from './store-file.ts';

/** Files up to this size are checked whole at each start (half a millisecond a megabyte); above, it would take seconds. */
const CHECKED_BYTES = 256 * 1024 * 1024;

/** Opened by this process. Closing any other handle of such a file would drop its lock (POSIX), so nobody touches it. */
const opened = new Set<string>();

/** Throws StartError, and leaves a file that it refuses as it was. */
export function openStore(dataDir: string): { db: Sqlite; close: () => void } {
  const path = storePath(dataDir);
  if (opened.has(path)) throw inUse(dataDir);
  opened.add(path);
  try {
    prepareFile(path);
    const db = openFile(path, dataDir);
    const close = (): void => {
      opened.delete(path);
      db.close();
    };
    return { db, close };
  } catch (error) {
    opened.delete(path);
    throw error;
  }
}

function openFile(path: string, dataDir: string): Sqlite {
  const db = connect(path, dataDir);
  try {
    checkVersion(db, path);
    checkContent(db, path);
    if (db.get<{ application_id: number }>('PRAGMA application_id')?.application_id === 0) {
      db.exec(`PRAGMA application_id=${APPLICATION_ID}`);
    }
    db.beginWriting();
    migrate(db);
    beginNewLife(db);
    return db;
  } catch (error) {
    const refusal = asStartError(error, path, dataDir);
    if (refusal instanceof Damaged) keepAsFound(path);
    db.abandon();
    throw refusal;
  }
}

function connect(path: string, dataDir: string): Sqlite {
  try {
    return new Sqlite(path);
  } catch (error) {
    throw asStartError(error, path, dataDir);
  }
}

function checkVersion(db: Sqlite, path: string): void {
  const version = schemaVersion(db);
  if (version <= SCHEMA_VERSION) return;
  throw new StartError(`${path} was written by a newer Holdfast (schema ${version}, this one knows ${SCHEMA_VERSION}): start that version, or choose another DATA_DIR`);
}

function checkContent(db: Sqlite, path: string): void {
  if (statSync(path).size > CHECKED_BYTES) return;
  const found = db.get<{ quick_check: string }>('PRAGMA quick_check(1)')?.quick_check;
  if (found !== 'ok') throw damaged(path, found ?? 'unreadable');
}

class Damaged extends StartError {}

function damaged(path: string, how: string): Damaged {
  const reason = how.replace('*** in database main ***', '').trim().replace(/\s+/g, ' ');
  return new Damaged(`${path} is damaged (${reason}) and was left as it is: restore it from a backup, or choose another DATA_DIR`);
}

/**
 * Every other process that had the file is dead (the lock proves it): their leases are free. The last commits may have
 * been lost with the power, so no log goes on under the logId that clients know.
 */
function beginNewLife(db: Sqlite): void {
  db.transaction(() => {
    db.run('UPDATE logs SET owner = NULL WHERE owner IS NOT NULL');
    for (const log of db.all<{ session_id: string; log_id: string }>('SELECT session_id, log_id FROM logs')) {
      db.run('UPDATE logs SET log_id = ? WHERE session_id = ?', anotherLogId(log.log_id), log.session_id);
    }
  });
}

function anotherLogId(than: string): string {
  let logId = newLogId();
  while (logId === than) logId = newLogId();
  return logId;
}

function asStartError(error: unknown, path: string, dataDir: string): StartError {
  if (error instanceof StartError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (isBusy(error)) return inUse(dataDir);
  if (/SQLITE_(CORRUPT|NOTADB)/.test(code)) return damaged(path, message);
  return new StartError(`${path} cannot be opened for writing (${message}): make room or let this user write to it, or choose another DATA_DIR`);
}

function inUse(dataDir: string): StartError {
  return new StartError(`DATA_DIR ${dataDir} is in use by another process: stop that one, or choose another DATA_DIR`);
}
