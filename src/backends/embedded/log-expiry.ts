/** What is dropped when: per session in its own transaction, with pauses, so that nothing else waits long. */
import { setImmediate as pause } from 'node:timers/promises';
import type { Sqlite } from './sqlite.ts';

/** All in ms; the settings LOG_RETENTION_MS, LOG_META_MS and LOG_EMPTY_MS. */
export interface Retention {
  events: number;
  wholeLogs: number;
  emptyLogs: number;
}

/** Sessions looked at between two pauses. */
const AT_ONCE = 100;

/** Never drops an event above storedThrough, nor a log that is owned or unsaved. */
export async function expireLogs(db: Sqlite, now: number, retention: Retention): Promise<void> {
  await inTurns(idle(db, 'head > 0', now - retention.wholeLogs), (id) => dropLog(db, id, now - retention.wholeLogs));
  await inTurns(idle(db, 'head = 0', now - retention.emptyLogs), (id) => dropLog(db, id, now - retention.emptyLogs));
  const trimmable = db.all<{ session_id: string }>('SELECT session_id FROM logs WHERE first_seq <= stored_through');
  await inTurns(trimmable.map((row) => row.session_id), (id) => trim(db, id, now - retention.events));
}

async function inTurns(sessionIds: string[], step: (sessionId: string) => void): Promise<void> {
  for (const [index, id] of sessionIds.entries()) {
    step(id);
    if ((index + 1) % AT_ONCE === 0) await pause();
  }
}

function idle(db: Sqlite, which: 'head > 0' | 'head = 0', since: number): string[] {
  return db
    .all<{ session_id: string }>(
      `SELECT session_id FROM logs WHERE owner IS NULL AND stored_through = head AND touched_at <= ? AND ${which}`,
      since,
    )
    .map((row) => row.session_id);
}

/** Looks again: between the list and now the session may have been written to. */
function dropLog(db: Sqlite, sessionId: string, since: number): void {
  db.transaction(() => {
    const dropped = db.run(
      'DELETE FROM logs WHERE session_id = ? AND owner IS NULL AND stored_through = head AND touched_at <= ?',
      sessionId,
      since,
    );
    if (dropped === 0) return;
    db.run('DELETE FROM events WHERE session_id = ?', sessionId);
    db.run('DELETE FROM ops WHERE session_id = ?', sessionId);
  });
}

/** Events go from the oldest on, up to the first that is young or that history does not have. */
function trim(db: Sqlite, sessionId: string, since: number): void {
  db.transaction(() => {
    const log = db.get<{ head: number; first_seq: number; stored_through: number }>(
      'SELECT head, first_seq, stored_through FROM logs WHERE session_id = ?',
      sessionId,
    );
    if (!log) return;
    const young = db.get<{ seq: number }>(
      'SELECT seq FROM events WHERE session_id = ? AND appended_at > ? ORDER BY seq LIMIT 1',
      sessionId,
      since,
    );
    const firstSeq = Math.min(young?.seq ?? log.head + 1, log.stored_through + 1);
    if (firstSeq <= log.first_seq) return;
    db.run('DELETE FROM events WHERE session_id = ? AND seq < ?', sessionId, firstSeq);
    db.run('UPDATE logs SET first_seq = ? WHERE session_id = ?', firstSeq, sessionId);
  });
}
