/**
 * The tables, as steps: step n brings a file of version n (`PRAGMA user_version`) to n + 1. Steps are only ever added.
 * Free text (titles, user ids, messages) is kept as JSON text: SQLite's text has no place for U+0000 and lone surrogates.
 */
import { indexAnew } from './index-anew.ts';
import type { Sqlite } from './sqlite.ts';

/** "HldF" in the file's header: this file is ours. Written before anything else, never changed. */
export const APPLICATION_ID = 0x486c6446;

const first = `
-- one number each: epoch (the last one given); of the outbox: entries and bytes in it, shed (dropped because it was full)
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO counters VALUES ('epoch', 0), ('entries', 0), ('bytes', 0), ('shed', 0);
CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE logs (
  session_id TEXT PRIMARY KEY,
  log_id TEXT NOT NULL,
  head INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  stored_through INTEGER NOT NULL,
  owner TEXT,                          -- node that holds the lease
  epoch INTEGER NOT NULL,              -- of the lease
  batch_id TEXT,                       -- of the last append
  streaming INTEGER NOT NULL,          -- 1 while a reply is open
  accumulated_until INTEGER NOT NULL,
  unsaved_since INTEGER NOT NULL,      -- when head left stored_through behind
  touched_at INTEGER NOT NULL,         -- made, or last appended to
  meta TEXT NOT NULL                   -- the rest of LogMeta, JSON
) STRICT, WITHOUT ROWID;
CREATE INDEX logs_owned ON logs (owner) WHERE owner IS NOT NULL;
CREATE INDEX logs_abandoned ON logs (unsaved_since, session_id) WHERE owner IS NULL AND stored_through < head;
CREATE INDEX logs_to_trim ON logs (session_id) WHERE first_seq <= stored_through;
CREATE INDEX logs_idle ON logs (touched_at) WHERE owner IS NULL AND stored_through = head;
CREATE TABLE events (
  session_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  appended_at INTEGER NOT NULL,
  event TEXT NOT NULL,                 -- JSON
  PRIMARY KEY (session_id, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE ops (
  session_id TEXT NOT NULL,
  id TEXT NOT NULL,
  result TEXT NOT NULL,                -- OpResult, JSON
  PRIMARY KEY (session_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  user TEXT NOT NULL,                  -- JSON string
  rev INTEGER NOT NULL,
  updated_at TEXT NOT NULL,
  deleted INTEGER NOT NULL,            -- 1: a tombstone
  record TEXT NOT NULL                 -- SessionRecord, JSON
) STRICT;
CREATE INDEX sessions_of_user ON sessions (user, updated_at, id) WHERE deleted = 0;
CREATE TABLE messages (
  n INTEGER PRIMARY KEY,
  session_id TEXT NOT NULL,
  id TEXT NOT NULL,
  position INTEGER NOT NULL,
  parent_id TEXT,
  role TEXT NOT NULL,
  message TEXT NOT NULL,               -- Message, JSON
  UNIQUE (session_id, id)
) STRICT;
CREATE INDEX messages_by_position ON messages (session_id, position);
CREATE INDEX messages_by_parent ON messages (session_id, parent_id, role);
-- rowid is sessions.n and messages.n; owner is one word, so that a search stays within one user's texts
CREATE VIRTUAL TABLE title_words USING fts5(owner, words, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE message_words USING fts5(owner, words, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2');

-- AUTOINCREMENT: a key that was dropped never names another entry
CREATE TABLE outbox (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  bytes INTEGER NOT NULL,
  delta INTEGER NOT NULL,              -- 1: a piece of streamed text, first to go
  entry TEXT NOT NULL                  -- AuditEntry, JSON
) STRICT;
CREATE INDEX outbox_deltas ON outbox (key) WHERE delta = 1;
CREATE TABLE audit_trail (id TEXT PRIMARY KEY, at TEXT NOT NULL, type TEXT NOT NULL, entry TEXT NOT NULL) STRICT;
`;

/** What was thought of a reply: Feedback, JSON, and the revision it came with. */
const feedback = `
ALTER TABLE messages ADD COLUMN feedback TEXT;
ALTER TABLE messages ADD COLUMN feedback_rev INTEGER NOT NULL DEFAULT 0;
`;

const marks = `
ALTER TABLE sessions ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN share TEXT;
CREATE INDEX sessions_shared ON sessions (share) WHERE share IS NOT NULL;
DROP INDEX sessions_of_user;
CREATE INDEX sessions_of_user ON sessions (user, pinned, updated_at, id) WHERE deleted = 0;
CREATE INDEX sessions_by_time ON sessions (user, updated_at, id) WHERE deleted = 0;
`;

const files = `
-- content last: SQLite reads a row's columns in order, and what is known of a file is wanted more often than the file
CREATE TABLE files (
  id TEXT PRIMARY KEY,
  session_id TEXT NOT NULL,
  user TEXT NOT NULL,                  -- JSON string
  kept_at INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  used INTEGER NOT NULL,               -- 1: part of a message
  file TEXT NOT NULL,                  -- StoredFile, JSON
  content BLOB NOT NULL
) STRICT;
CREATE INDEX files_of_user ON files (user, bytes);
CREATE INDEX files_of_session ON files (session_id);
CREATE INDEX files_unused ON files (kept_at) WHERE used = 0;
`;

/** A step is a script, or work on the file where a script cannot do it. */
type Step = string | ((db: Sqlite) => void);

export const STEPS: readonly Step[] = [first, feedback, indexAnew, marks, files];

/** The version this program writes. */
export const SCHEMA_VERSION = STEPS.length;

export function schemaVersion(db: Sqlite): number {
  return db.get<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0;
}

/** Brings the file to the newest version, step by step, each whole or not at all. */
export function migrate(db: Sqlite, steps: readonly Step[] = STEPS): void {
  for (let version = schemaVersion(db); version < steps.length; version += 1) {
    db.transaction(() => {
      const step = steps[version] ?? '';
      if (typeof step === 'string') db.exec(step);
      else step(db);
      db.exec(`PRAGMA user_version=${version + 1}`);
    });
    // The header in the file itself, not only in its write-ahead log, says whose file this is.
    db.flush();
  }
}
