/** Pages of a user's sessions; the place in the list is that of the last one shown, so nothing is skipped. */
import type { SessionRecord } from '../../protocol/broker.ts';
import type { Message } from '../../protocol/wire.ts';
import { decodePlace, pageOf, TOP, type Found, type ListOptions, type SearchOptions, type SessionList } from '../list-place.ts';
import { matchExpression } from './search-words.ts';
import type { Sqlite } from './sqlite.ts';

const FOUND = `AND (n IN (SELECT rowid FROM title_words WHERE title_words MATCH ?)
  OR id IN (SELECT session_id FROM messages WHERE n IN (SELECT rowid FROM message_words WHERE message_words MATCH ?)))`;

export function listSessions(db: Sqlite, userId: string, { before, limit, query }: ListOptions): SessionList {
  const searching = query !== undefined && query.trim() !== '';
  const match = searching ? matchExpression(userId, query) : null;
  if (searching && match === null) return { sessions: [], hasMore: false };
  const { updatedAt, id, pinned } = before === undefined ? TOP : decodePlace(before);
  // What is looked for stands in the order of its time alone.
  const [order, place] = searching ? ['updated_at, id', [updatedAt, id]] : ['pinned, updated_at, id', [pinned ? 1 : 0, updatedAt, id]];
  const rows = db.all<{ record: string }>(
    `SELECT record FROM sessions WHERE user = ? AND deleted = 0 AND (${order}) < (${place.map(() => '?').join()}) ${match === null ? '' : FOUND}
     ORDER BY ${order.replaceAll(',', ' DESC,')} DESC LIMIT ?`,
    JSON.stringify(userId),
    ...place,
    ...(match === null ? [] : [match, match]),
    limit + 1,
  );
  return pageOf(rows.map((row) => JSON.parse(row.record) as SessionRecord), limit);
}

/** The messages of each session are numbered from the newest, so that none of the others is read. */
const HITS = `SELECT session_id, message FROM messages JOIN (
    SELECT n, row_number() OVER (PARTITION BY session_id ORDER BY position DESC) AS place FROM messages
    WHERE session_id IN (SELECT value FROM json_each(?)) AND n IN (SELECT rowid FROM message_words WHERE message_words MATCH ?)
  ) USING (n) WHERE place <= ? ORDER BY position DESC`;

export function searchSessions(db: Sqlite, userId: string, { query, hits, ...page }: SearchOptions): Found {
  const match = matchExpression(userId, query);
  if (match === null) return { found: [], hasMore: false };
  const { sessions, ...rest } = listSessions(db, userId, { ...page, query });
  const rows = db.all<{ session_id: string; message: string }>(HITS, JSON.stringify(sessions.map(({ id }) => id)), match, hits);
  const messagesOf = (id: string): Message[] => rows.flatMap((row) => (row.session_id === id ? [JSON.parse(row.message) as Message] : []));
  return { found: sessions.map((session) => ({ session, messages: messagesOf(session.id) })), ...rest };
}
