/** The event log: each step is one script, so all of it is written or none. */
import type { AppendRequest, AppendResult, EventLog, Lease, LogMeta, LogSeed, OpResult, RestoreRequest, RestoreResult } from '../contracts.ts';
import type { Cursor, Event } from '../../protocol/wire.ts';
import { leaseText } from './leases.ts';
import type { Liveness } from './liveness.ts';
import { bodyOf, checkSeqs } from './log-arguments.ts';
import { jsonPart, metaFields, seedFields, toMeta } from './log-meta.ts';
import type { OutboxSettings } from './outbox.ts';
import { keys, nodeKeys, sessionKeys } from './redis-keys.ts';
import { storeAway, type RedisLink } from './redis-link.ts';
import { NOT_NOW } from './scripts.ts';
import type { StoreIdentity } from './store-identity.ts';

export interface LogSettings {
  lockMs: number;
  /** Of a log after its last append, of an empty one, and of events that history has. */
  metaMs: number;
  emptyMs: number;
  retentionMs: number;
  outbox: OutboxSettings;
}
export interface LogDeps {
  link: RedisLink;
  identity: StoreIdentity;
  liveness: Liveness;
  settings: LogSettings;
}

/** Scripts answer a status first; what the others mean stands in the script's file. */
type Answer = [status: number, ...unknown[]];
const NOTHING = 0;

export class RedisLog implements EventLog {
  readonly #deps: LogDeps;

  constructor(deps: LogDeps) {
    this.#deps = deps;
  }

  async create(seed: LogSeed): Promise<LogMeta> {
    const { link, identity, settings } = this.#deps;
    const { meta, log, ops } = sessionKeys(seed.sessionId);
    const store = identity.current;
    const args = [store, settings.emptyMs, ...seedFields(seed)];
    const view = this.#view(seed.sessionId, store, await link.run('create', [meta, log, ops, keys.store, keys.settling], args));
    if (!view) throw new Error(`The log of session ${seed.sessionId} could not be made.`);
    return view.meta;
  }

  async meta(sessionId: string): Promise<LogMeta | null> {
    return (await this.#read(sessionId, ''))?.meta ?? null;
  }

  async read(sessionId: string, afterSeq: number): Promise<{ meta: LogMeta; events: Event[] } | null> {
    return this.#read(sessionId, afterSeq);
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    const { link, identity, liveness, settings } = this.#deps;
    const { lease, firstSeq, batchId, logId, events } = request;
    checkSeqs(events, firstSeq);
    const body = bodyOf({ ...request, fields: metaFields(request.meta) }, settings.outbox);
    liveness.mustHold(lease);
    const { owner, meta, log, ops } = sessionKeys(lease.sessionId);
    const { lockMs, metaMs, emptyMs } = settings;
    const answer = (await link.append(
      'append',
      [owner, meta, log, ops, keys.unsaved, keys.store, keys.settling, keys.outbox, keys.outboxDeltas, keys.outboxStats],
      [lease.sessionId, leaseText(lease), identity.current, batchId, logId, firstSeq, lockMs, metaMs, emptyMs, settings.outbox.maxBytes, ...body],
    )) as Answer;
    return this.#appendResult(answer);
  }

  async restore(request: RestoreRequest): Promise<RestoreResult> {
    const { link, identity, liveness, settings } = this.#deps;
    const { sessionId, nodeId, epoch } = request.lease;
    checkSeqs(request.events, 1);
    const body = bodyOf({ ...request, fields: metaFields(jsonPart(request.meta)) }, settings.outbox);
    liveness.mustBeLive(nodeId);
    const member = liveness.member(nodeId);
    // Not this node's, or from before it was declared dead: what is remembered with it is void.
    if (!member || epoch > (member.leases.get(sessionId)?.epoch ?? 0)) return { status: 'refused' };
    const { token } = member;
    const store = identity.current;
    const { owner, meta, log, ops } = sessionKeys(sessionId);
    const { alive, sessions } = nodeKeys(nodeId);
    const [status, detail] = (await link.append(
      'restore',
      [owner, meta, log, ops, keys.unsaved, keys.unowned, alive, sessions, keys.store, keys.outbox, keys.outboxDeltas, keys.outboxStats],
      [sessionId, nodeId, token, epoch, store, request.meta.logId, request.meta.storedThrough, settings.lockMs, settings.metaMs, settings.outbox.maxBytes, ...body],
    )) as Answer;
    if (status === NOTHING) return { status: 'refused' };
    if (status !== 1) throw this.#otherStore();
    if (!member.live || member.token !== token) throw storeAway();
    const lease = { ...request.lease, epoch: Number(detail) };
    member.leases.set(sessionId, { epoch: lease.epoch, store });
    return { status: 'restored', lease };
  }

  async acknowledge(lease: Lease, storedThrough: number): Promise<boolean> {
    const { link, identity, liveness, settings } = this.#deps;
    liveness.mustHold(lease);
    const { owner, meta, log, ops } = sessionKeys(lease.sessionId);
    const names = [owner, meta, log, ops, keys.unsaved, keys.unowned, keys.store, keys.settling];
    const args = [lease.sessionId, leaseText(lease), identity.current, storedThrough, settings.lockMs, settings.metaMs, settings.retentionMs];
    const answer = Number(await link.append('acknowledge', names, args));
    if (answer < 0) throw this.#otherStore();
    return answer === 1;
  }

  async findOp(sessionId: string, opId: string): Promise<OpResult | null> {
    const { link, identity } = this.#deps;
    const [status, result] = (await link.run('findOp', [sessionKeys(sessionId).ops, keys.store], [identity.current, opId])) as Answer;
    if (status === NOTHING) return null;
    if (status !== 1) throw this.#otherStore();
    return JSON.parse(String(result)) as OpResult;
  }

  async watchAccumulated(sessionIds: string[], until: number): Promise<Record<string, Cursor>> {
    const answers = await Promise.all(sessionIds.map((id) => this.#deps.link.run('watch', [sessionKeys(id).meta], [until])));
    const heads = answers.map((answer, place): [string, Cursor][] => {
      const [logId, head] = answer as string[];
      return logId === undefined ? [] : [[sessionIds[place]!, { logId, seq: Number(head) }]];
    });
    return Object.fromEntries(heads.flat());
  }

  async streamingAmong(sessionIds: string[]): Promise<Set<string>> {
    const { link } = this.#deps;
    const runs = await Promise.all(sessionIds.map((id) => link.ask((client) => client.hget(sessionKeys(id).meta, 'run'))));
    return new Set(sessionIds.filter((_, index) => (runs[index] ?? 'null') !== 'null'));
  }

  /** Redis does it: every log carries its own end. */
  async expire(): Promise<void> {}

  async #read(sessionId: string, after: number | ''): Promise<{ meta: LogMeta; events: Event[] } | null> {
    const { link, identity } = this.#deps;
    const { meta, log } = sessionKeys(sessionId);
    const store = identity.current;
    return this.#view(sessionId, store, await link.run('read', [meta, log, keys.store, keys.settling], [store, after]));
  }

  #view(sessionId: string, store: string, answer: unknown): { meta: LogMeta; events: Event[] } | null {
    const [status, fields, oldest, entries = []] = answer as Answer;
    if (status === NOTHING) return null;
    if (status === NOT_NOW) throw storeAway(Number(fields));
    if (status !== 1) throw this.#otherStore();
    const events = (entries as [string, [string, string]][]).map(([, [, json]]) => JSON.parse(json) as Event);
    return { meta: toMeta(sessionId, store, fields as string[], Number(oldest)), events };
  }

  #appendResult([status, detail, head]: Answer): AppendResult {
    switch (status) {
      case 1:
        return { status: 'appended', accumulatedUntil: Number(detail) };
      case 2:
        return { status: 'already', accumulatedUntil: Number(detail) };
      case -1:
        return { status: 'fenced' };
      case -2:
        return { status: 'mismatch', logId: String(detail), head: Number(head) };
      default:
        throw this.#otherStore();
    }
  }

  #otherStore(): Error {
    this.#deps.identity.doubt();
    return storeAway();
  }
}
