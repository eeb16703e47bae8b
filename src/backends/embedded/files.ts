/** Files that people give to their sessions, whole, in the one file of the store: one thing to back up, and each commit has all of it. */
import type { FileStore, KeepResult, StoredFile } from '../contracts.ts';
import type { Sqlite } from './sqlite.ts';

export class EmbeddedFiles implements FileStore {
  readonly #db: Sqlite;

  constructor(db: Sqlite) {
    this.#db = db;
  }

  async keep(file: StoredFile, content: Uint8Array, quota: number): Promise<KeepResult> {
    return this.#db.transaction(() => {
      const there = this.#find(file.id);
      if (there) return { status: 'already', file: there };
      const user = JSON.stringify(file.userId);
      const used = this.#db.get<{ bytes: number }>('SELECT coalesce(sum(bytes), 0) AS bytes FROM files WHERE user = ?', user)?.bytes ?? 0;
      if (used + content.byteLength > quota) return { status: 'full', used };
      this.#db.run(
        'INSERT INTO files (id, session_id, user, kept_at, bytes, used, file, content) VALUES (?, ?, ?, ?, ?, 0, ?, ?)',
        file.id,
        file.sessionId,
        user,
        file.keptAt,
        content.byteLength,
        JSON.stringify(file),
        Buffer.from(content),
      );
      return { status: 'kept', file };
    });
  }

  async file(id: string): Promise<StoredFile | null> {
    return this.#find(id);
  }

  async content(id: string): Promise<Uint8Array | null> {
    return this.#db.get<{ content: Buffer }>('SELECT content FROM files WHERE id = ?', id)?.content ?? null;
  }

  async use(ids: string[], { userId, sessionId }: { userId: string; sessionId: string }): Promise<StoredFile[]> {
    return this.#db.transaction(() => {
      const mine = ids.map((id) => this.#find(id)).filter((file) => file?.userId === userId && file.sessionId === sessionId);
      const files = mine.filter((file) => file !== null);
      for (const { id } of files) this.#db.run('UPDATE files SET used = 1 WHERE id = ? AND used = 0', id);
      return files;
    });
  }

  async removeSession(sessionId: string): Promise<void> {
    this.#db.transaction(() => this.#db.run('DELETE FROM files WHERE session_id = ?', sessionId));
  }

  async sweep(before: number): Promise<number> {
    return this.#db.transaction(() => this.#db.run('DELETE FROM files WHERE used = 0 AND kept_at < ?', before));
  }

  #find(id: string): StoredFile | null {
    const row = this.#db.get<{ file: string }>('SELECT file FROM files WHERE id = ?', id);
    return row ? (JSON.parse(row.file) as StoredFile) : null;
  }
}
