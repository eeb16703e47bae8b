/**
 * Writes that are asked for in the same turn share one transaction: a commit costs more than a small append, and the
 * text of many sessions arrives together. Each write still stands or falls alone.
 */
import type { Sqlite } from './sqlite.ts';

interface Waiting {
  /** Runs the write and keeps its result. */
  write(): void;
  done(): void;
  fail(error: unknown): void;
}

export class GroupCommit {
  readonly #db: Sqlite;
  #waiting: Waiting[] = [];

  constructor(db: Sqlite) {
    this.#db = db;
  }

  /** Resolves once the write is committed. A write must check everything before it changes anything. */
  run<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let result: T;
      if (this.#waiting.length === 0) queueMicrotask(() => this.#commit());
      this.#waiting.push({ write: () => void (result = work()), done: () => resolve(result), fail: reject });
    });
  }

  #commit(): void {
    const group = this.#waiting;
    this.#waiting = [];
    try {
      this.#together(group);
    } catch {
      // One of them failed, or the commit did: nothing of the group is kept, and each says for itself what is wrong.
      for (const one of group) this.#alone(one);
      return;
    }
    for (const { done } of group) done();
  }

  #together(group: Waiting[]): void {
    this.#db.transaction(() => {
      for (const { write } of group) write();
    });
  }

  #alone(one: Waiting): void {
    try {
      this.#together([one]);
    } catch (error) {
      return one.fail(error);
    }
    one.done();
  }
}
