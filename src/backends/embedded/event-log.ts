/** The event log: every step is one transaction, so all of it is written or none. */
import type { AppendRequest, AppendResult, EventLog, Lease, LogMeta, LogSeed, OpResult, RestoreResult } from '../contracts.ts';
import type { Clock } from '../../clock.ts';
import type { Cursor, Event } from '../../protocol/wire.ts';
import { GroupCommit } from './group-commit.ts';
import { expireLogs, type Retention } from './log-expiry.ts';
import { eventsAfter, findLog, insertLog, patchMeta } from './log-rows.ts';
import type { EmbeddedOutbox } from './outbox.ts';
import type { Sqlite } from './sqlite.ts';

/** The columns an append compares. */
interface Guard {
  log_id: string;
  head: number;
  stored_through: number;
  owner: string | null;
  epoch: number;
  batch_id: string | null;
  accumulated_until: number;
}

export class EmbeddedLog implements EventLog {
  readonly #db: Sqlite;
  readonly #outbox: EmbeddedOutbox;
  readonly #clock: Clock;
  readonly #retention: Retention;
  readonly #group: GroupCommit;

  constructor(db: Sqlite, outbox: EmbeddedOutbox, clock: Clock, retention: Retention) {
    this.#db = db;
    this.#outbox = outbox;
    this.#clock = clock;
    this.#retention = retention;
    this.#group = new GroupCommit(db);
  }

  async create(seed: LogSeed): Promise<LogMeta> {
    return this.#db.transaction(() => {
      insertLog(this.#db, seed, this.#clock.now());
      const meta = findLog(this.#db, seed.sessionId);
      if (!meta) throw new Error(`The log of session ${seed.sessionId} could not be made.`);
      return meta;
    });
  }

  async meta(sessionId: string): Promise<LogMeta | null> {
    return findLog(this.#db, sessionId);
  }

  async read(sessionId: string, afterSeq: number): Promise<{ meta: LogMeta; events: Event[] } | null> {
    // Nothing else runs in between: the connection is synchronous and this function does not await.
    const meta = findLog(this.#db, sessionId);
    return meta && { meta, events: eventsAfter(this.#db, sessionId, afterSeq) };
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    return this.#group.run((): AppendResult => {
      const guard = this.#guard(request.lease);
      if (!guard) return { status: 'fenced' };
      const accumulatedUntil = guard.accumulated_until;
      if (guard.batch_id === request.batchId) return { status: 'already', accumulatedUntil };
      if (guard.log_id !== request.logId || guard.head + 1 !== request.firstSeq) {
        return { status: 'mismatch', logId: guard.log_id, head: guard.head };
      }
      checkSeqs(request);
      this.#write(request, guard);
      this.#outbox.write(request.audit);
      return { status: 'appended', accumulatedUntil };
    });
  }

  /** SQLite's file is read at every start, so there is no memory that knows more than it. */
  async restore(): Promise<RestoreResult> {
    return { status: 'refused' };
  }

  async acknowledge(lease: Lease, storedThrough: number): Promise<boolean> {
    return this.#db.transaction(() => {
      if (!this.#guard(lease)) return false;
      this.#db.run(
        'UPDATE logs SET stored_through = max(stored_through, min(head, ?)) WHERE session_id = ?',
        storedThrough,
        lease.sessionId,
      );
      return true;
    });
  }

  async findOp(sessionId: string, opId: string): Promise<OpResult | null> {
    const row = this.#db.get<{ result: string }>('SELECT result FROM ops WHERE session_id = ? AND id = ?', sessionId, opId);
    return row ? (JSON.parse(row.result) as OpResult) : null;
  }

  async watchAccumulated(sessionIds: string[], until: number): Promise<Record<string, Cursor>> {
    return this.#db.transaction(() => {
      const heads: Record<string, Cursor> = {};
      for (const id of sessionIds) {
        this.#db.run('UPDATE logs SET accumulated_until = max(accumulated_until, ?) WHERE session_id = ?', until, id);
        const head = this.#db.get<Cursor>('SELECT log_id AS logId, head AS seq FROM logs WHERE session_id = ? AND streaming = 0', id);
        if (head) heads[id] = { logId: head.logId, seq: head.seq };
      }
      return heads;
    });
  }

  async streamingAmong(sessionIds: string[]): Promise<Set<string>> {
    const streams = (id: string): boolean =>
      this.#db.get('SELECT 1 FROM logs WHERE session_id = ? AND streaming = 1', id) !== undefined;
    return new Set(sessionIds.filter(streams));
  }

  async expire(now: number): Promise<void> {
    await expireLogs(this.#db, now, this.#retention);
  }

  /** The log's row, when this lease is the current one. */
  #guard(lease: Lease): Guard | null {
    const row = this.#db.get<Guard>(
      'SELECT log_id, head, stored_through, owner, epoch, batch_id, accumulated_until FROM logs WHERE session_id = ?',
      lease.sessionId,
    );
    return row && row.owner === lease.nodeId && row.epoch === lease.epoch ? row : null;
  }

  #write(request: AppendRequest, guard: Guard): void {
    const { lease, events, batchId } = request;
    const now = this.#clock.now();
    const head = guard.head + events.length;
    for (const event of events) {
      this.#db.run('INSERT INTO events VALUES (?, ?, ?, ?)', lease.sessionId, event.seq, now, JSON.stringify(event));
    }
    const wasSaved = guard.stored_through === guard.head;
    const saved = wasSaved && events.length === 0;
    this.#db.run(
      `UPDATE logs SET head = ?, batch_id = ?, touched_at = ?, unsaved_since = CASE WHEN ? = 1 THEN ? ELSE unsaved_since END
       WHERE session_id = ?`,
      head,
      batchId,
      now,
      wasSaved && !saved ? 1 : 0,
      now,
      lease.sessionId,
    );
    if (Object.keys(request.meta).length > 0) patchMeta(this.#db, lease.sessionId, request.meta);
    for (const op of request.ops) {
      this.#db.run('INSERT OR IGNORE INTO ops VALUES (?, ?, ?)', lease.sessionId, op.id, JSON.stringify(op.result));
    }
  }
}

/** Throws on the caller's mistake: events that do not follow one another. */
function checkSeqs(request: AppendRequest): void {
  request.events.forEach((event, index) => {
    if (event.seq === request.firstSeq + index) return;
    throw new Error(`Event ${index} of the batch has seq ${event.seq}, expected ${request.firstSeq + index}.`);
  });
}
