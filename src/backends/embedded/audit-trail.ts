/** Where audit entries end up in embedded mode. It only grows: an audit trail forgets nothing by itself. */
import type { AuditEntry, AuditReadOptions, AuditSink } from '../contracts.ts';
import type { Sqlite } from './sqlite.ts';

export class AuditTrail implements AuditSink {
  readonly #db: Sqlite;

  constructor(db: Sqlite) {
    this.#db = db;
  }

  /** An entry that comes again is kept once, as it came first. */
  async deliver(entries: AuditEntry[]): Promise<void> {
    this.#db.transaction(() => {
      for (const entry of entries) {
        this.#db.run(
          'INSERT OR IGNORE INTO audit_trail (id, at, type, entry) VALUES (?, ?, ?, ?)',
          entry.id,
          entry.at,
          entry.type,
          JSON.stringify(entry),
        );
      }
    });
  }

  async read({ sessionId, since = 0 }: AuditReadOptions, take: (entries: AuditEntry[]) => void): Promise<void> {
    const from = new Date(since).toISOString();
    const page = (after: number): { n: number; entry: string }[] =>
      this.#db.all('SELECT rowid AS n, entry FROM audit_trail WHERE rowid > ? AND at >= ? ORDER BY rowid LIMIT 500', after, from);
    for (let rows = page(0); rows.length > 0; rows = page(rows.at(-1)?.n ?? 0)) {
      const entries = rows.map(({ entry }) => JSON.parse(entry) as AuditEntry);
      take(entries.filter((entry) => sessionId === undefined || entry.sessionId === sessionId));
    }
  }
}
