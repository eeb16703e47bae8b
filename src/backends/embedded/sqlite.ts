/**
 * The only door to libsql: one connection to one file, locked for this process alone. All of libsql's traps stop here:
 * booleans cannot be bound (they abort the process), a closed connection refuses to work (libsql's does not), and
 * closing frees the lock at once (libsql's waits for the garbage collector).
 */
import Database from 'libsql';

/** What can be bound. Numbers must be integers; text must have no U+0000 or lone surrogate: keep free text as JSON. */
export type Value = string | number | Buffer | null;

type Connection = InstanceType<typeof Database>;
type Prepared = Database.Statement<Value[]>;

export class Sqlite {
  readonly #db: Connection;
  readonly #prepared = new Map<string, Prepared>();
  #open = true;
  #failure: string | null = null;

  /**
   * Opens the file for this process alone, and writes nothing to it. Throws SQLITE_BUSY when another process still has it
   * after `patience` ms: of processes that start at the same moment, each may be in the way of the others for a little.
   */
  constructor(path: string, patience = 400) {
    this.#db = lockedConnection(path, patience);
  }

  /** Why the store could not do the last transaction (not: why its work gave up); null after one that passed. */
  get failure(): string | null {
    return this.#failure;
  }

  /** From here on the file is written: write-ahead log, synced at checkpoints (kill-safe; power may cost the last commits). */
  beginWriting(): void {
    this.get('PRAGMA journal_mode=WAL');
    this.get('PRAGMA journal_size_limit=67108864');
    this.#db.exec('PRAGMA synchronous=NORMAL');
  }

  get<Row>(sql: string, ...values: Value[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  all<Row>(sql: string, ...values: Value[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  /** Answers how many rows changed. */
  run(sql: string, ...values: Value[]): number {
    return this.#statement(sql).run(...values).changes;
  }

  /** A script of statements without values, for schemas. */
  exec(sql: string): void {
    this.#mustBeOpen();
    this.#db.exec(sql);
  }

  /** All of `work` or none of it. `work` must not await and must not begin another transaction. */
  transaction<T>(work: () => T): T {
    this.run('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.run('COMMIT');
      this.#failure = null;
      return result;
    } catch (error) {
      if (error instanceof Database.SqliteError) this.#failure = error.message;
      // A full disk or a broken one has rolled back by itself.
      if (this.#db.inTransaction) this.run('ROLLBACK');
      throw error;
    }
  }

  /** Everything committed so far survives a loss of power too. */
  flush(): void {
    this.get('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  /** Folds the write-ahead log into the file and frees its lock at once: this process may open it again. */
  close(): void {
    if (!this.#open) return;
    try {
      this.get('PRAGMA journal_mode=DELETE');
    } finally {
      // On a full disk the log stays beside the file, and the next opening reads both.
      this.abandon();
    }
  }

  /** Lets go of a file as it is. Never throws: what went wrong before is what matters. */
  abandon(): void {
    try {
      this.get('PRAGMA locking_mode=NORMAL');
      // The lock goes with the next read.
      this.get('SELECT count(*) FROM sqlite_schema');
    } catch {
      // Locked by another process or damaged: there is no lock of ours to free.
    }
    this.#open = false;
    this.#prepared.clear();
    this.#db.close();
  }

  #statement(sql: string): Prepared {
    this.#mustBeOpen();
    let statement = this.#prepared.get(sql);
    if (!statement) {
      statement = this.#db.prepare<Value[]>(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }

  #mustBeOpen(): void {
    if (!this.#open) throw new Error('The store is closed.');
  }
}

function lockedConnection(path: string, patience: number): Connection {
  const limit = Date.now() + patience;
  for (;;) {
    const db = new Database(path);
    try {
      // Before anything reads: with it SQLite needs no shared memory file, and keeps the lock between transactions.
      db.exec('PRAGMA locking_mode=EXCLUSIVE');
      db.exec('BEGIN EXCLUSIVE');
      db.exec('ROLLBACK');
      return db;
    } catch (error) {
      // Nothing is prepared yet, so this frees at once what was locked so far.
      db.close();
      if (!isBusy(error) || Date.now() > limit) throw error;
    }
    pause(5 + Math.random() * 20);
  }
}

export function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
}

/** Nothing else runs yet when a store is opened. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
