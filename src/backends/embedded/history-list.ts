/** Pages of a user's sessions, newest update first; the place in the list is (updatedAt, id), so nothing is skipped. */
import type { SessionRecord } from '../../protocol/broker.ts';
import { decodePlace, pageOf, type ListOptions, type SessionList } from '../list-place.ts';
import { matchExpression } from './search-words.ts';
import type { Sqlite } from './sqlite.ts';

const FOUND = `AND (n IN (SELECT rowid FROM title_words WHERE title_words MATCH ?)
  OR id IN (SELECT session_id FROM messages WHERE n IN (SELECT rowid FROM message_words WHERE message_words MATCH ?)))`;

export function listSessions(db: Sqlite, userId: string, { before, limit, query }: ListOptions): SessionList {
  const searching = query !== undefined && query.trim() !== '';
  const match = searching ? matchExpression(userId, query) : null;
  if (searching && match === null) return { sessions: [], hasMore: false };
  const [updatedAt, id] = before === undefined ? ['~', ''] : decodePlace(before);
  const rows = db.all<{ record: string }>(
    `SELECT record FROM sessions WHERE user = ? AND deleted = 0 AND (updated_at, id) < (?, ?) ${match === null ? '' : FOUND}
     ORDER BY updated_at DESC, id DESC LIMIT ?`,
    JSON.stringify(userId),
    updatedAt,
    id,
    ...(match === null ? [] : [match, match]),
    limit + 1,
  );
  return pageOf(rows.map((row) => JSON.parse(row.record) as SessionRecord), limit);
}
