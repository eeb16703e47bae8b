/** Ownership in one process: the file's lock proves that every node that has not joined here is dead. */
import type { ClaimResult, Lease, LeaseStore } from '../contracts.ts';
import type { Sqlite } from './sqlite.ts';

interface Holder {
  owner: string | null;
  epoch: number;
}

export class EmbeddedLeases implements LeaseStore {
  readonly #db: Sqlite;
  readonly #joined = new Set<string>();

  constructor(db: Sqlite) {
    this.#db = db;
  }

  async claim(sessionId: string, nodeId: string): Promise<ClaimResult> {
    if (!this.#joined.has(nodeId)) throw new Error(`Node ${nodeId} has not joined, so it cannot own a session.`);
    return this.#db.transaction((): ClaimResult => {
      const holder = this.#holder(sessionId);
      if (!holder) throw new Error(`Session ${sessionId} has no log, so nobody can own it.`);
      if (holder.owner !== null && holder.owner !== nodeId) return { status: 'held', nodeId: holder.owner };
      const lease: Lease = { sessionId, nodeId, epoch: this.#nextEpoch() };
      this.#db.run('UPDATE logs SET owner = ?, epoch = ? WHERE session_id = ?', nodeId, lease.epoch, sessionId);
      return { status: 'claimed', lease };
    });
  }

  async release(lease: Lease): Promise<void> {
    const { sessionId, nodeId, epoch } = lease;
    this.#db.transaction(() => {
      this.#db.run('UPDATE logs SET owner = NULL WHERE session_id = ? AND owner = ? AND epoch = ?', sessionId, nodeId, epoch);
    });
  }

  async owner(sessionId: string): Promise<{ nodeId: string; epoch: number } | null> {
    const holder = this.#holder(sessionId);
    return holder?.owner ? { nodeId: holder.owner, epoch: holder.epoch } : null;
  }

  /** Its events never come: liveness ends only with the process. */
  async join(nodeId: string): Promise<void> {
    this.#joined.add(nodeId);
  }

  async leave(nodeId: string): Promise<void> {
    this.#db.transaction(() => this.#db.run('UPDATE logs SET owner = NULL WHERE owner = ?', nodeId));
    this.#joined.delete(nodeId);
  }

  async abandoned(limit: number): Promise<string[]> {
    const rows = this.#db.all<{ session_id: string }>(
      'SELECT session_id FROM logs WHERE owner IS NULL AND stored_through < head ORDER BY unsaved_since, session_id LIMIT ?',
      limit,
    );
    return rows.map((row) => row.session_id);
  }

  #holder(sessionId: string): Holder | undefined {
    return this.#db.get<Holder>('SELECT owner, epoch FROM logs WHERE session_id = ?', sessionId);
  }

  /** One counter for all sessions: epochs grow across the end of a log too, and across restarts. */
  #nextEpoch(): number {
    this.#db.run("UPDATE counters SET value = value + 1 WHERE name = 'epoch'");
    return this.#db.get<{ value: number }>("SELECT value FROM counters WHERE name = 'epoch'")?.value ?? 0;
  }
}
