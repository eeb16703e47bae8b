/** Audit entries on their way to the sink, bounded in bytes. */
import type { AuditEntry, AuditOutbox } from '../contracts.ts';
import type { Sqlite } from './sqlite.ts';

interface OutboxRow {
  key: number;
  bytes: number;
}
type Counter = 'entries' | 'bytes' | 'shed';

export interface OutboxOptions {
  /** False: entries are ignored. */
  on: boolean;
  /** Bound of the entries' JSON text, in bytes. */
  maxBytes: number;
}

export class EmbeddedOutbox implements AuditOutbox {
  readonly #db: Sqlite;
  readonly #options: OutboxOptions;

  constructor(db: Sqlite, options: OutboxOptions) {
    this.#db = db;
    this.#options = options;
  }

  async add(entries: AuditEntry[]): Promise<void> {
    this.#db.transaction(() => this.write(entries));
  }

  /** Part of the caller's transaction. */
  write(entries: AuditEntry[]): void {
    if (!this.#options.on || entries.length === 0) return;
    let bytes = 0;
    for (const entry of entries) {
      const text = JSON.stringify(entry);
      const size = Buffer.byteLength(text);
      this.#db.run(
        'INSERT INTO outbox (bytes, delta, entry) VALUES (?, ?, ?)',
        size,
        entry.type === 'message.delta' ? 1 : 0,
        text,
      );
      bytes += size;
    }
    this.#count('entries', entries.length);
    this.#count('bytes', bytes);
    this.#shed();
  }

  async peek(limit: number): Promise<{ key: string; entry: AuditEntry }[]> {
    return this.#db
      .all<{ key: number; entry: string }>('SELECT key, entry FROM outbox ORDER BY key LIMIT ?', limit)
      .map((row) => ({ key: String(row.key), entry: JSON.parse(row.entry) as AuditEntry }));
  }

  async remove(keys: string[]): Promise<void> {
    this.#db.transaction(() => {
      for (const key of keys) this.#drop(Number(key));
    });
  }

  async stats(): Promise<{ entries: number; bytes: number; shed: number }> {
    return { entries: this.#counted('entries'), bytes: this.#counted('bytes'), shed: this.#counted('shed') };
  }

  /** Oldest deltas first: the words of a reply are in its stored message too. Then the oldest of the rest. */
  #shed(): void {
    while (this.#counted('bytes') > this.#options.maxBytes) {
      const victim =
        this.#db.get<OutboxRow>('SELECT key, bytes FROM outbox WHERE delta = 1 ORDER BY key LIMIT 1') ??
        this.#db.get<OutboxRow>('SELECT key, bytes FROM outbox ORDER BY key LIMIT 1');
      if (!victim) return;
      this.#drop(victim.key);
      this.#count('shed', 1);
    }
  }

  #drop(key: number): void {
    const row = this.#db.get<OutboxRow>('SELECT key, bytes FROM outbox WHERE key = ?', key);
    if (!row) return;
    this.#db.run('DELETE FROM outbox WHERE key = ?', key);
    this.#count('entries', -1);
    this.#count('bytes', -row.bytes);
  }

  #count(counter: Counter, by: number): void {
    this.#db.run('UPDATE counters SET value = value + ? WHERE name = ?', by, counter);
  }

  #counted(counter: Counter): number {
    return this.#db.get<{ value: number }>('SELECT value FROM counters WHERE name = ?', counter)?.value ?? 0;
  }
}
