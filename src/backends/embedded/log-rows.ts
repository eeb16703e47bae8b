/** How a log lies in its row. */
import type { LogMeta, LogSeed, MetaPatch } from '../contracts.ts';
import type { Event } from '../../protocol/wire.ts';
import type { Sqlite } from './sqlite.ts';

export interface LogRow {
  session_id: string;
  log_id: string;
  head: number;
  first_seq: number;
  stored_through: number;
  meta: string;
}

type Columns = 'sessionId' | 'logId' | 'head' | 'firstSeq' | 'storedThrough';
/** What stands in the column `meta`. */
type StoredMeta = Omit<LogMeta, Columns>;

export function findLog(db: Sqlite, sessionId: string): LogMeta | null {
  const row = db.get<LogRow>(
    'SELECT session_id, log_id, head, first_seq, stored_through, meta FROM logs WHERE session_id = ?',
    sessionId,
  );
  return row ? toMeta(row) : null;
}

function toMeta(row: LogRow): LogMeta {
  const stored = JSON.parse(row.meta) as StoredMeta;
  return {
    ...stored,
    sessionId: row.session_id,
    logId: row.log_id,
    head: row.head,
    firstSeq: row.first_seq,
    storedThrough: row.stored_through,
  };
}

/** Does nothing when the session has a log. */
export function insertLog(db: Sqlite, seed: LogSeed, now: number): void {
  const { sessionId, logId, ...rest } = seed;
  const meta: StoredMeta = { ...rest, run: null, deleted: false };
  db.run(
    `INSERT OR IGNORE INTO logs (session_id, log_id, head, first_seq, stored_through, owner, epoch, batch_id, streaming,
      accumulated_until, unsaved_since, touched_at, meta) VALUES (?, ?, 0, 1, 0, NULL, 0, NULL, 0, 0, 0, ?, ?)`,
    sessionId,
    logId,
    now,
    JSON.stringify(meta),
  );
}

export function patchMeta(db: Sqlite, sessionId: string, patch: MetaPatch): void {
  const row = db.get<{ meta: string }>('SELECT meta FROM logs WHERE session_id = ?', sessionId);
  if (!row) return;
  const meta: StoredMeta = { ...(JSON.parse(row.meta) as StoredMeta), ...withoutUndefined(patch) };
  db.run(
    'UPDATE logs SET meta = ?, streaming = ? WHERE session_id = ?',
    JSON.stringify(meta),
    meta.run === null ? 0 : 1,
    sessionId,
  );
}

/** A field that is undefined is not part of the patch. */
function withoutUndefined(patch: MetaPatch): MetaPatch {
  return Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
}

export function eventsAfter(db: Sqlite, sessionId: string, afterSeq: number): Event[] {
  return db
    .all<{ event: string }>('SELECT event FROM events WHERE session_id = ? AND seq > ? ORDER BY seq', sessionId, afterSeq)
    .map((row) => JSON.parse(row.event) as Event);
}
