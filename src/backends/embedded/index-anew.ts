/**
 * A step of the schema: the words that history is found by are those of `src/words.ts` and no others, so the index only
 * splits them at spaces. What is there is indexed again, some thousand messages a second.
 */
import type { SessionRecord } from '../../protocol/broker.ts';
import type { Message } from '../../protocol/wire.ts';
import { indexed, ownerWord } from './search-words.ts';
import type { Sqlite } from './sqlite.ts';

const TABLES = `
DROP TABLE title_words;
DROP TABLE message_words;
-- rowid is sessions.n and messages.n; owner is one word, so that a search stays within one user's texts
CREATE VIRTUAL TABLE title_words USING fts5(owner, words, content='', contentless_delete=1, tokenize='ascii');
CREATE VIRTUAL TABLE message_words USING fts5(owner, words, content='', contentless_delete=1, tokenize='ascii');
`;
/** Messages read at a time: a history may be larger than memory. */
const AT_ONCE = 500;

export function indexAnew(db: Sqlite): void {
  db.exec(TABLES);
  const owners = new Map<string, string>();
  for (const { n, id, record } of db.all<{ n: number; id: string; record: string }>('SELECT n, id, record FROM sessions WHERE deleted = 0')) {
    const { userId, title } = JSON.parse(record) as SessionRecord;
    owners.set(id, ownerWord(userId));
    db.run('INSERT INTO title_words (rowid, owner, words) VALUES (?, ?, ?)', n, ownerWord(userId), indexed(title));
  }
  let last = 0;
  for (;;) {
    const rows = db.all<{ n: number; session_id: string; message: string }>('SELECT n, session_id, message FROM messages WHERE n > ? ORDER BY n LIMIT ?', last, AT_ONCE);
    for (const { n, session_id: sessionId, message } of rows) {
      const { content } = JSON.parse(message) as Message;
      db.run('INSERT INTO message_words (rowid, owner, words) VALUES (?, ?, ?)', n, owners.get(sessionId) ?? '', indexed(content));
    }
    if (rows.length < AT_ONCE) return;
    last = rows.at(-1)?.n ?? last;
  }
}
