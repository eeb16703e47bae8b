/** History: sessions and finished messages, and the words they are found by. */
import type { HistoryStore } from '../contracts.ts';
import type { Found, ListOptions, SearchOptions, SessionList } from '../list-place.ts';
import type { Clock } from '../../clock.ts';
import type { MessagePlace, MessageRating, SessionRecord } from '../../protocol/broker.ts';
import type { Message } from '../../protocol/wire.ts';
import { listSessions, searchSessions } from './history-list.ts';
import { tombstoneOf } from '../tombstone.ts';
import { withFeedback, withVersions, withoutVersions } from '../versions.ts';
import { indexed, ownerWord } from './search-words.ts';
import type { Sqlite } from './sqlite.ts';

interface MessageRow {
  message: string;
  feedback: string | null;
}
interface SessionRow {
  n: number;
  rev: number;
  deleted: number;
  record: string;
}

export class EmbeddedHistory implements HistoryStore {
  readonly #db: Sqlite;
  readonly #clock: Clock;

  constructor(db: Sqlite, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async store(session: SessionRecord, messages: Message[], ratings: MessageRating[] = []): Promise<{ deleted: boolean }> {
    return this.#db.transaction(() => {
      const stored = this.#row(session.id);
      if (stored?.deleted === 1) return { deleted: true };
      if (!stored || session.rev > stored.rev) this.#writeRecord(session, false);
      for (const message of messages) this.#insertMessage(session, message);
      for (const rating of ratings) this.#rate(session.id, rating);
      return { deleted: false };
    });
  }

  async session(sessionId: string): Promise<{ record: SessionRecord; deleted: boolean } | null> {
    const row = this.#row(sessionId);
    return row ? { record: JSON.parse(row.record) as SessionRecord, deleted: row.deleted === 1 } : null;
  }

  async message(sessionId: string, messageId: string): Promise<Message | null> {
    const row = this.#db.get<MessageRow>(
      'SELECT message, feedback FROM messages WHERE session_id = ? AND id = ?',
      sessionId,
      messageId,
    );
    return row ? this.#toMessage(row) : null;
  }

  async messages(sessionId: string, messageIds: string[]): Promise<Message[]> {
    const rows = this.#db.all<{ message: string }>(
      'SELECT message FROM messages WHERE session_id = ? AND id IN (SELECT value FROM json_each(?)) ORDER BY position',
      sessionId,
      JSON.stringify(messageIds),
    );
    return rows.map(({ message }) => JSON.parse(message) as Message);
  }

  async shared(shareId: string): Promise<SessionRecord | null> {
    const row = this.#db.get<{ record: string }>('SELECT record FROM sessions WHERE share = ?', shareId);
    return row ? (JSON.parse(row.record) as SessionRecord) : null;
  }

  async page(sessionId: string, before: number | undefined, limit: number): Promise<{ messages: Message[]; hasMore: boolean }> {
    const rows = this.#db.all<MessageRow>(
      'SELECT message, feedback FROM messages WHERE session_id = ? AND position < ? ORDER BY position DESC LIMIT ?',
      sessionId,
      before ?? Number.MAX_SAFE_INTEGER,
      limit + 1,
    );
    const newest = rows.slice(0, limit).reverse();
    return { messages: newest.map((row) => this.#toMessage(row)), hasMore: rows.length > limit };
  }

  async outline(sessionId: string, after: number): Promise<MessagePlace[]> {
    return this.#db.all<{ id: string; parentId: string | null; role: MessagePlace['role']; position: number }>(
      'SELECT id, parent_id AS parentId, role, position FROM messages WHERE session_id = ? AND position > ? ORDER BY position',
      sessionId,
      after,
    );
  }

  async list(userId: string, options: ListOptions): Promise<SessionList> {
    return listSessions(this.#db, userId, options);
  }

  async search(userId: string, options: SearchOptions): Promise<Found> {
    return searchSessions(this.#db, userId, options);
  }

  async remove(sessionId: string, userId: string, rev: number): Promise<void> {
    this.#db.transaction(() => {
      const row = this.#row(sessionId);
      if (row?.deleted === 1) return;
      const known = row ? (JSON.parse(row.record) as SessionRecord) : null;
      this.#writeRecord(tombstoneOf({ id: sessionId, userId, rev }, known, this.#clock.now()), true);
      this.#db.run(
        'DELETE FROM message_words WHERE rowid IN (SELECT n FROM messages WHERE session_id = ?)',
        sessionId,
      );
      this.#db.run('DELETE FROM messages WHERE session_id = ?', sessionId);
    });
  }

  #row(sessionId: string): SessionRow | undefined {
    return this.#db.get<SessionRow>('SELECT n, rev, deleted, record FROM sessions WHERE id = ?', sessionId);
  }

  #writeRecord(record: SessionRecord, deleted: boolean): void {
    this.#db.run(
      `INSERT INTO sessions (id, user, rev, updated_at, deleted, pinned, share, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET rev = excluded.rev, updated_at = excluded.updated_at, deleted = excluded.deleted,
         pinned = excluded.pinned, share = excluded.share, record = excluded.record`,
      record.id,
      JSON.stringify(record.userId),
      record.rev,
      record.updatedAt,
      deleted ? 1 : 0,
      record.pinned ? 1 : 0,
      record.share?.id ?? null,
      JSON.stringify(record),
    );
    const n = this.#row(record.id)?.n ?? 0;
    this.#db.run('DELETE FROM title_words WHERE rowid = ?', n);
    if (!deleted) this.#index('title_words', n, record.userId, record.title);
  }

  #insertMessage(session: SessionRecord, message: Message): void {
    const kept = withoutVersions(message);
    const inserted = this.#db.run(
      'INSERT OR IGNORE INTO messages (session_id, id, position, parent_id, role, message) VALUES (?, ?, ?, ?, ?, ?)',
      session.id,
      message.id,
      message.position,
      message.parentId,
      message.role,
      JSON.stringify(kept),
    );
    if (inserted === 0) return;
    const row = this.#db.get<{ n: number }>('SELECT n FROM messages WHERE session_id = ? AND id = ?', session.id, message.id);
    this.#index('message_words', row?.n ?? 0, session.userId, message.content);
  }

  #rate(sessionId: string, { messageId, feedback, rev }: MessageRating): void {
    this.#db.run(
      'UPDATE messages SET feedback = ?, feedback_rev = ? WHERE session_id = ? AND id = ? AND feedback_rev < ?',
      JSON.stringify(feedback),
      rev,
      sessionId,
      messageId,
      rev,
    );
  }

  #index(table: 'title_words' | 'message_words', n: number, userId: string, text: string): void {
    this.#db.run(`INSERT INTO ${table} (rowid, owner, words) VALUES (?, ?, ?)`, n, ownerWord(userId), indexed(text));
  }

  /** The versions of a turn are counted when they are read: a later one changes the number for all. */
  #toMessage(row: MessageRow): Message {
    const message = withFeedback(JSON.parse(row.message) as Message, row.feedback);
    const versions = this.#db.all<{ id: string }>(
      'SELECT id FROM messages WHERE session_id = ? AND parent_id IS ? AND role = ? ORDER BY position',
      message.sessionId,
      message.parentId,
      message.role,
    );
    return withVersions(message, versions.map(({ id }) => id));
  }
}
