/**
 * The store of a simulated cluster: what src/backends/cluster keeps in Redis, with the rules of its scripts (each method
 * here is one of them). Single steps, so atomic; it can be restarted, lose its last writes, or be emptied.
 */
import type { AppendRequest, AppendResult, Lease, LogMeta, LogSeed, OpResult, RestoreRequest } from '../../src/backends/contracts.ts';
import type { Cursor, Event } from '../../src/protocol/wire.ts';
import type { Witness } from './witness.ts';

export interface Kept {
  owner: { nodeId: string; epoch: number } | null;
  /** null: no log. `firstSeq` is not kept up to date here. */
  meta: LogMeta | null;
  /** The life of the store in which the log was written. */
  store: string;
  epoch: number;
  batch: string | null;
  accumulatedUntil: number;
  events: readonly Event[];
  ops: ReadonlyMap<string, OpResult>;
}
const NOTHING: Kept = { owner: null, meta: null, store: '', epoch: 0, batch: null, accumulatedUntil: 0, events: [], ops: new Map() };

/** The store is not the one the caller knows. */
export class OtherStore extends Error {}
/** It may have lost data a moment ago, and cannot tell. */
export class NotNow extends Error {
  readonly retryAfterMs: number;
  constructor(retryAfterMs: number) {
    super('the store settles');
    this.retryAfterMs = retryAfterMs;
  }
}

type Claimed = { status: 'claimed'; epoch: number } | { status: 'held'; nodeId: string } | { status: 'not-now'; ms: number } | { status: 'not-joined' } | { status: 'no-log' };
const MOST_UNDONE = 40;
/** Its file is written once in a second. */
const LOST_MS = 1_000;

export class StoreServer {
  readonly sessions = new Map<string, Kept>();
  readonly alive = new Map<string, { token: string; until: number }>();
  up = true;
  #id: string | null = null;
  #run = 1;
  #seenRun = 0;
  #settlingUntil = -Infinity;
  #undo: { at: number; undo: () => void }[] = [];
  readonly #now: () => number;
  readonly #ttlMs: number;
  readonly #witness: Witness;
  readonly #fenced: boolean;

  constructor(now: () => number, ttlMs: number, witness: Witness, fenced: boolean) {
    this.#fenced = fenced;
    this.#now = now;
    this.#ttlMs = ttlMs;
    this.#witness = witness;
  }

  get settling(): number {
    return Math.max(0, this.#settlingUntil - this.#now());
  }

  /** Everybody knows which store it is, and whoever remembers something has had the time to write it. */
  get resting(): boolean {
    return this.up && this.#id !== null && this.#seenRun === this.#run && this.settling === 0;
  }

  /** History lacks something of these. */
  unsaved(): string[] {
    return [...this.sessions].flatMap(([id, { meta }]) => (meta && meta.storedThrough < meta.head ? [id] : []));
  }

  isAlive(nodeId: string): boolean {
    return (this.alive.get(nodeId)?.until ?? -Infinity) > this.#now();
  }

  /** A store that has been there for long, and a session that somebody opened in it. */
  begin(seed: LogSeed): void {
    this.create(this.identify('store-1'), seed);
    this.#witness.of(seed.sessionId);
    this.#undo = [];
  }

  // ---- what befalls it ------------------------------------------------------------------------------------------

  /** Another process on the same file, without its last `lost` writes, as far as they are of the second before it went. */
  restart(lost: number, wentAt: number): void {
    this.#run += 1;
    for (let n = 0; n < lost && (this.#undo.at(-1)?.at ?? -Infinity) > wentAt - LOST_MS; n += 1) this.#undo.pop()?.undo();
    this.#undo = [];
    if (lost > 0) this.#witness.storeLost((id) => this.#kept(id).events);
  }

  empty(): void {
    this.sessions.clear();
    this.alive.clear();
    this.#witness.storeLost(() => []);
    this.#id = null;
    this.#undo = [];
  }

  /** So long a time that stored events, or whole logs that nobody owns, are gone. */
  expire(wholeLogs: boolean): void {
    for (const [id, kept] of this.sessions) {
      if (!kept.meta || kept.meta.messageCount === 0 || kept.meta.storedThrough < kept.meta.head) continue;
      if (!wholeLogs) this.sessions.set(id, { ...kept, events: [] });
      else if (!kept.owner || !this.isAlive(kept.owner.nodeId)) this.sessions.delete(id);
    }
    this.#undo = [];
  }

  // ---- scripts --------------------------------------------------------------------------------------------------

  identify(newId: string): string {
    if (this.#id !== null && this.#seenRun === this.#run) return this.#id;
    // The first of all has nothing to settle.
    if (this.#seenRun > 0) this.#settlingUntil = this.#now() + this.#ttlMs;
    this.#id = newId;
    this.#seenRun = this.#run;
    return newId;
  }

  join(store: string, nodeId: string, token: string): void {
    this.#mustBe(store);
    this.alive.set(nodeId, { token, until: this.#now() + this.#ttlMs });
  }

  /** False: it is dead already. */
  renew(store: string, nodeId: string, token: string): boolean {
    this.#mustBe(store);
    if (!this.isAlive(nodeId) || this.alive.get(nodeId)?.token !== token) return false;
    this.alive.set(nodeId, { token, until: this.#now() + this.#ttlMs });
    return true;
  }

  /** `nodeId` is dead, and holds nothing any more. */
  bury(nodeId: string): void {
    this.alive.delete(nodeId);
    for (const [id, kept] of this.sessions) if (kept.owner?.nodeId === nodeId) this.#set(id, { ...kept, owner: null });
  }

  claim(store: string, sessionId: string, nodeId: string, token: string, logId: string, patienceMs: number): Claimed {
    this.#mustBe(store);
    if (!this.isAlive(nodeId) || this.alive.get(nodeId)?.token !== token) return { status: 'not-joined' };
    const kept = this.#kept(sessionId);
    const taking = kept.owner !== null && kept.owner.nodeId !== nodeId;
    if (taking && this.isAlive(kept.owner!.nodeId)) return { status: 'held', nodeId: kept.owner!.nodeId };
    if (this.settling > 0) return { status: 'not-now', ms: this.settling };
    if (taking && patienceMs > 0) return { status: 'not-now', ms: patienceMs };
    if (!kept.meta) return { status: 'no-log' };
    const epoch = this.#nextEpoch(kept.epoch);
    const meta: LogMeta = kept.store === store ? kept.meta : { ...kept.meta, logId, unsure: true };
    this.#set(sessionId, { ...kept, meta, store, epoch, owner: { nodeId, epoch } });
    this.#witness.granted({ sessionId, nodeId, epoch }, 'claimed');
    return { status: 'claimed', epoch };
  }

  release({ sessionId, nodeId, epoch }: Lease): void {
    const kept = this.#kept(sessionId);
    if (kept.owner?.nodeId === nodeId && kept.owner.epoch === epoch) this.#set(sessionId, { ...kept, owner: null });
  }

  create(store: string, seed: LogSeed): LogMeta {
    this.#mustBe(store);
    const kept = this.#kept(seed.sessionId);
    if (kept.meta) return this.read(store, seed.sessionId, null)!.meta;
    if (this.settling > 0) throw new NotNow(this.settling);
    const meta: LogMeta = { ...seed, head: 0, firstSeq: 1, storedThrough: 0, run: null, deleted: false };
    // The epoch goes with the log: only time keeps it growing then.
    this.#set(seed.sessionId, { ...NOTHING, owner: kept.owner, store, meta });
    return { ...meta };
  }

  findOp(store: string, sessionId: string, opId: string): OpResult | null {
    this.#mustBe(store);
    return this.#kept(sessionId).ops.get(opId) ?? null;
  }

  read(store: string, sessionId: string, after: number | null): { meta: LogMeta; events: Event[] } | null {
    this.#mustBe(store);
    const kept = this.#kept(sessionId);
    const found = this.#metaOf(kept);
    const meta: LogMeta | null = found && { ...found, ...(kept.store !== store && { unsure: true as const }) };
    if (!meta) {
      if (this.settling > 0) throw new NotNow(this.settling);
      return null;
    }
    if (after !== null && kept.store !== store && after > meta.head && this.settling > 0) throw new NotNow(this.settling);
    return { meta, events: after === null ? [] : kept.events.filter(({ seq }) => seq > after) };
  }

  append(store: string, request: AppendRequest): AppendResult {
    this.#mustBe(store);
    const { lease, events, firstSeq } = request;
    const kept = this.#kept(lease.sessionId);
    if (!kept.meta || (this.#fenced && !holds(kept, lease))) return { status: 'fenced' };
    if (kept.store !== store) {
      if (this.settling > 0) throw new OtherStore();
      return { status: 'fenced' };
    }
    const { accumulatedUntil } = kept;
    if (kept.batch === request.batchId) return { status: 'already', accumulatedUntil };
    const { logId, head } = kept.meta;
    if (logId !== request.logId || head + 1 !== firstSeq) return { status: 'mismatch', logId, head };
    const { unsure: _, ...before } = kept.meta;
    const meta = { ...before, ...request.meta, head: head + events.length };
    this.#set(lease.sessionId, { ...kept, meta, batch: request.batchId, events: [...kept.events, ...events], ops: withOps(kept.ops, request.ops) });
    this.#witness.appended(request);
    return { status: 'appended', accumulatedUntil };
  }

  /** null: refused. */
  restore(store: string, token: string, { lease, meta, events, ops }: RestoreRequest): Lease | null {
    this.#mustBe(store);
    const { sessionId, nodeId } = lease;
    if (!this.isAlive(nodeId) || this.alive.get(nodeId)?.token !== token) return null;
    const kept = this.#kept(sessionId);
    if (kept.meta?.logId === meta.logId && kept.owner?.nodeId === nodeId && kept.owner.epoch === kept.epoch) return { ...lease, epoch: kept.epoch };
    if (kept.epoch > lease.epoch) return null;
    if (kept.owner && kept.owner.nodeId !== nodeId && kept.owner.epoch >= lease.epoch) return null;
    const epoch = this.#nextEpoch(Math.max(kept.epoch, lease.epoch));
    const storedThrough = Math.min(events.length, meta.storedThrough);
    const next = { meta: { ...meta, storedThrough }, store, epoch, batch: null, accumulatedUntil: kept.accumulatedUntil };
    this.#set(sessionId, { ...next, events, ops: withOps(kept.ops, ops), owner: { nodeId, epoch } });
    const restored = { ...lease, epoch };
    this.#witness.granted(restored, 'restored');
    this.#witness.restored(sessionId, meta.logId, events);
    return restored;
  }

  /** False: fenced. */
  acknowledge(store: string, lease: Lease, storedThrough: number): boolean {
    this.#mustBe(store);
    const kept = this.#kept(lease.sessionId);
    if (!holds(kept, lease) || !kept.meta) return false;
    if (kept.store !== store) {
      if (this.settling > 0) throw new OtherStore();
      return false;
    }
    const through = Math.max(kept.meta.storedThrough, Math.min(kept.meta.head, storedThrough));
    this.#set(lease.sessionId, { ...kept, meta: { ...kept.meta, storedThrough: through } });
    return true;
  }

  /** Sessions that history lacks something of and no live node owns. */
  unowned(store: string, limit: number, patient: boolean): string[] {
    if (store !== this.#id || this.settling > 0) return [];
    const free = ({ owner }: Kept): boolean => owner === null || (!patient && !this.isAlive(owner.nodeId));
    return this.unsaved().filter((id) => free(this.#kept(id))).slice(0, limit);
  }

  watch(sessionId: string, until: number): Cursor | null {
    const kept = this.#kept(sessionId);
    if (!kept.meta) return null;
    this.#set(sessionId, { ...kept, accumulatedUntil: Math.max(kept.accumulatedUntil, until) });
    return kept.meta.run ? null : { logId: kept.meta.logId, seq: kept.meta.head };
  }

  kept(sessionId: string): Kept {
    return this.#kept(sessionId);
  }

  #mustBe(store: string): void {
    if (store !== this.#id || this.#seenRun !== this.#run) throw new OtherStore();
  }

  #kept(sessionId: string): Kept {
    return this.sessions.get(sessionId) ?? NOTHING;
  }

  #metaOf({ meta, events }: Kept): LogMeta | null {
    return meta && { ...meta, firstSeq: events[0]?.seq ?? meta.head + 1 };
  }

  #set(sessionId: string, kept: Kept): void {
    const before = this.sessions.get(sessionId);
    const undo = (): void => void (before ? this.sessions.set(sessionId, before) : this.sessions.delete(sessionId));
    this.#undo.push({ at: this.#now(), undo });
    if (this.#undo.length > MOST_UNDONE) this.#undo.shift();
    this.sessions.set(sessionId, kept);
  }

  #nextEpoch(known: number): number {
    return Math.max(known + 1, Math.floor(this.#now()));
  }
}

function holds(kept: Kept, { nodeId, epoch }: Lease): boolean {
  return kept.owner?.nodeId === nodeId && kept.owner.epoch === epoch;
}

function withOps(known: ReadonlyMap<string, OpResult>, ops: { id: string; result: OpResult }[]): ReadonlyMap<string, OpResult> {
  if (ops.length === 0) return known;
  const all = new Map(known);
  for (const { id, result } of ops) if (!all.has(id)) all.set(id, result);
  return all;
}
