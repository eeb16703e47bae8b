import type { AppendRequest, AppendResult, EventLog, Lease, LogMeta, LogSeed, OpResult, RestoreRequest, RestoreResult } from '../../../src/backends/contracts.ts';
import type { Cursor, Event } from '../../../src/protocol/wire.ts';
import type { Faults } from './faults.ts';
import { addToOutbox, asJson } from './memory-outbox.ts';
import { copyOf, type MemoryLog, type MemoryState } from './memory-state.ts';

export class MemoryEventLog implements EventLog {
  readonly #state: MemoryState;
  readonly #faults: Faults;

  constructor(state: MemoryState, faults: Faults) {
    this.#state = state;
    this.#faults = faults;
  }

  async create(seed: LogSeed): Promise<LogMeta> {
    return this.#faults.write('log.create', seed.sessionId, () => {
      const log = this.#state.logs.get(seed.sessionId) ?? newLog(this.#state, seed);
      this.#state.logs.set(seed.sessionId, log);
      return copyOf(log.meta);
    });
  }

  async meta(sessionId: string): Promise<LogMeta | null> {
    return this.#faults.read('log.meta', sessionId, () => {
      const log = this.#state.logs.get(sessionId);
      return log ? copyOf(log.meta) : null;
    });
  }

  async read(sessionId: string, afterSeq: number): Promise<{ meta: LogMeta; events: Event[] } | null> {
    return this.#faults.read('log.read', sessionId, () => {
      const log = this.#state.logs.get(sessionId);
      if (!log) return null;
      const kept = [...log.events].filter(([seq]) => seq > afterSeq);
      return { meta: copyOf(log.meta), events: kept.map(([, event]) => JSON.parse(event.json) as Event) };
    });
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    return this.#faults.write('log.append', request.lease.sessionId, () => {
      const log = this.#owned(request.lease);
      if (!log) return { status: 'fenced' };
      const { accumulatedUntil } = log;
      if (log.batchId === request.batchId) return { status: 'already', accumulatedUntil };
      const { logId, head } = log.meta;
      if (logId !== request.logId || head + 1 !== request.firstSeq) return { status: 'mismatch', logId, head };
      if (request.events.some((event, index) => event.seq !== request.firstSeq + index)) {
        throw new Error('The events of the batch do not follow one another.');
      }
      write(this.#state, log, request);
      return { status: 'appended', accumulatedUntil };
    });
  }

  async restore(request: RestoreRequest): Promise<RestoreResult> {
    return this.#faults.write('log.restore', request.lease.sessionId, () => restoreLog(this.#state, request));
  }

  async acknowledge(lease: Lease, storedThrough: number): Promise<boolean> {
    return this.#faults.write('log.acknowledge', lease.sessionId, () => {
      const log = this.#owned(lease);
      if (!log) return false;
      log.meta.storedThrough = Math.max(log.meta.storedThrough, Math.min(log.meta.head, storedThrough));
      return true;
    });
  }

  async findOp(sessionId: string, opId: string): Promise<OpResult | null> {
    return this.#faults.read('log.findOp', sessionId, () => {
      const found = this.#state.logs.get(sessionId)?.ops.get(opId);
      return found ? copyOf(found) : null;
    });
  }

  async watchAccumulated(sessionIds: string[], until: number): Promise<Record<string, Cursor>> {
    return this.#faults.write('log.watchAccumulated', null, () => {
      const heads: Record<string, Cursor> = {};
      for (const id of sessionIds) {
        const log = this.#state.logs.get(id);
        if (!log) continue;
        log.accumulatedUntil = Math.max(log.accumulatedUntil, until);
        if (!log.meta.run) heads[id] = { logId: log.meta.logId, seq: log.meta.head };
      }
      return heads;
    });
  }

  async streamingAmong(sessionIds: string[]): Promise<Set<string>> {
    return this.#faults.read('log.streamingAmong', null, () => {
      return new Set(sessionIds.filter((id) => (this.#state.logs.get(id)?.meta.run ?? null) !== null));
    });
  }

  async expire(now: number): Promise<void> {
    return this.#faults.write('log.expire', null, () => {
      for (const [id, log] of this.#state.logs) {
        if (isIdle(this.#state, log, now)) this.#state.logs.delete(id);
        else trim(log, now - this.#state.options.retention.events);
      }
    });
  }

  #owned(lease: Lease): MemoryLog | null {
    const log = this.#state.logs.get(lease.sessionId);
    return log && log.owner === lease.nodeId && log.epoch === lease.epoch ? log : null;
  }
}

function newLog(state: MemoryState, seed: LogSeed): MemoryLog {
  const meta: LogMeta = { ...copyOf(seed), head: 0, firstSeq: 1, storedThrough: 0, run: null, deleted: false };
  const touchedAt = state.options.clock.now();
  const empty = { owner: null, epoch: 0, batchId: null, accumulatedUntil: 0, unsavedSince: 0, touchedAt };
  return { meta, events: new Map(), ops: new Map(), ...empty };
}

/** Refused once anybody, this node included, has claimed the session since. */
function restoreLog(state: MemoryState, { lease, meta, events, ops, audit }: RestoreRequest): RestoreResult {
  const found = state.logs.get(lease.sessionId);
  if (!state.nodes.has(lease.nodeId)) return { status: 'refused' };
  // The same request again, because its answer was lost.
  if (found && found.meta.logId === meta.logId && found.owner === lease.nodeId) return { status: 'restored', lease: { ...lease, epoch: found.epoch } };
  if (found && found.epoch > lease.epoch) return { status: 'refused' };
  // Apart from writing, because it can throw, and then nothing may have been written.
  asJson(audit);
  const { sessionId, logId, title, userId, createdAt, updatedAt, rev, nextPosition, messageCount, tip, tipParent, opsComplete } = meta;
  const log = newLog(state, { sessionId, logId, title, userId, createdAt, updatedAt, rev, nextPosition, messageCount, tip, ...(tipParent !== undefined && { tipParent }), opsComplete });
  state.epoch = Math.max(state.epoch, lease.epoch) + 1;
  log.owner = lease.nodeId;
  log.epoch = state.epoch;
  for (const [id, result] of found?.ops ?? []) log.ops.set(id, result);
  state.logs.set(sessionId, log);
  const restored = { ...lease, epoch: log.epoch };
  const { run, deleted } = meta;
  write(state, log, { lease: restored, logId, firstSeq: 1, batchId: '', events, meta: { run, deleted }, ops, audit });
  log.meta.storedThrough = Math.min(log.meta.head, meta.storedThrough);
  return { status: 'restored', lease: restored };
}

function write(state: MemoryState, log: MemoryLog, request: AppendRequest): void {
  const now = state.options.clock.now();
  const audit = asJson(request.audit);
  if (log.meta.storedThrough === log.meta.head) log.unsavedSince = state.nextTicket();
  for (const event of request.events) log.events.set(event.seq, { json: JSON.stringify(event), appendedAt: now });
  const { unsure: _, ...before } = log.meta;
  log.meta = { ...before, ...copyOf(request.meta), head: log.meta.head + request.events.length };
  for (const op of request.ops) if (!log.ops.has(op.id)) log.ops.set(op.id, copyOf(op.result));
  log.batchId = request.batchId;
  log.touchedAt = now;
  addToOutbox(state, audit);
}

function isIdle(state: MemoryState, log: MemoryLog, now: number): boolean {
  const { wholeLogs, emptyLogs } = state.options.retention;
  const limit = log.meta.head === 0 ? emptyLogs : wholeLogs;
  return log.owner === null && log.meta.storedThrough === log.meta.head && log.touchedAt <= now - limit;
}

function trim(log: MemoryLog, since: number): void {
  for (const [seq, event] of log.events) {
    if (seq > log.meta.storedThrough || event.appendedAt > since) return;
    log.events.delete(seq);
    log.meta.firstSeq = seq + 1;
  }
}
