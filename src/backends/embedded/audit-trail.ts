/** Where audit entries end up in embedded mode. It only grows: an audit trail forgets nothing by itself. */
import type { AuditEntry, AuditSink } from '../contracts.ts';
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
}
