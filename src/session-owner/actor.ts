/**
 * One session in the memory of its owner. Inputs go through one mailbox that awaits only appends; everything else
 * (clients, ai nodes, history) happens after an append and reports back as an input.
 */
import type { AppendResult, Lease, OpResult } from '../backends/contracts.ts';
import { chatError } from '../errors.ts';
import { wireError } from '../protocol/errors.ts';
import { newRunId } from '../ids.ts';
import { auditEntries, claimedEntry } from './audit-entries.ts';
import { addDecision, appendRequest, emptyBatch, isEmpty, type Batch } from './batch.ts';
import { decide } from './decide.ts';
import type { Rules } from './decision.ts';
import type { Answer, Command, Effect, Input, Report } from './inputs.ts';
import { Mailbox } from './mailbox.ts';
import type { OwnerWorld } from './owner-settings.ts';
import { withStored, type SessionState } from './state.ts';

/** A store that does not answer for this many tries may have a new owner in front of it: memory is worth nothing then. */
const APPEND_TRIES = 3;
const APPEND_PAUSE_MS = 100;

interface Item {
  input: Input;
  settle?: (answer: Answer) => void;
  fail?: (error: Error) => void;
}

/** What happens around the actor once something is in the log. */
export interface ActorListener {
  committed(actor: SessionActor, batch: Batch, accumulatedUntil: number): void;
  effect(actor: SessionActor, effect: Effect): void;
  /** The actor is of no use any more; whoever needs the session claims it anew. */
  gone(actor: SessionActor, reason: string): void;
}

export class SessionActor {
  readonly lease: Lease;
  readonly #world: OwnerWorld;
  readonly #listener: ActorListener;
  readonly #mailbox = new Mailbox<Item>((items) => this.#handle(items));
  readonly #accepted = new Map<string, OpResult>();
  #state: SessionState;
  #stored = 0;
  #batches = 0;
  #gone: string | null = null;
  #current: Item[] = [];
  lastActiveAt: number;

  constructor(world: OwnerWorld, lease: Lease, state: SessionState, listener: ActorListener) {
    this.#world = world;
    this.lease = lease;
    this.#state = state;
    this.#listener = listener;
    this.lastActiveAt = world.clock.now();
  }

  get state(): SessionState {
    return this.#state;
  }
  get sessionId(): string {
    return this.lease.sessionId;
  }
  get queued(): number {
    return this.#mailbox.length;
  }
  get isGone(): boolean {
    return this.#gone !== null;
  }
  /** Nothing to do and nothing owed: it may leave memory. */
  get isIdle(): boolean {
    return this.#mailbox.idle && this.#state.phase.name !== 'replying' && this.#state.meta.storedThrough >= this.#state.meta.head;
  }

  /** Resolves once the outcome is in the log. Rejects with `unavailable` when this owner cannot tell. */
  submit(command: Command): Promise<Answer> {
    return new Promise((settle, fail) => {
      if (!this.#mailbox.push({ input: command, settle, fail })) fail(moved());
    });
  }

  report(report: Report): void {
    this.#mailbox.push({ input: report });
  }

  /** History acknowledged everything up to here; it changes memory only. */
  stored(through: number): void {
    this.#stored = Math.max(this.#stored, through);
    this.#state = withStored(this.#state, this.#stored);
  }

  /** Stops at once; whoever waits for an answer is told to try again, and finds it if the append went through. */
  stop(reason: string): void {
    if (this.#gone !== null) return;
    this.#gone = reason;
    for (const item of [...this.#mailbox.close(), ...this.#current]) item.fail?.(moved());
    this.#listener.gone(this, reason);
  }

  async #handle(items: Item[]): Promise<void> {
    if (this.#gone !== null) return;
    this.#current = items;
    this.lastActiveAt = this.#world.clock.now();
    try {
      const { batch, answers } = this.#plan(items);
      const accumulatedUntil = isEmpty(batch) ? null : await this.#append(batch);
      // Even a finished append is not acted upon once the actor was stopped: its successor reads it from the log.
      if (this.#gone !== null) return;
      this.#commit(batch, accumulatedUntil);
      for (const [item, answer] of answers) item.settle?.(answer);
    } catch (err) {
      this.#world.ports.logger.error({ err, session: this.sessionId, epoch: this.lease.epoch }, 'session actor failed');
      this.stop('failed');
    } finally {
      this.#current = [];
    }
  }

  #plan(items: Item[]): { batch: Batch; answers: [Item, Answer][] } {
    const at = new Date(this.#world.clock.now()).toISOString();
    const answers: [Item, Answer][] = [];
    let batch = emptyBatch(this.#state);
    for (const item of items) {
      const decision = decide(batch.state, item.input, this.#rules(at, batch));
      batch = addDecision(batch, decision, at);
      if (decision.answer) answers.push([item, decision.answer]);
    }
    return { batch, answers };
  }

  #rules(at: string, batch: Batch): Rules {
    const { continuation, AI_GENERATE_ATTEMPTS } = this.#world.settings;
    const acceptedOp = (id: string): OpResult | undefined => this.#accepted.get(id) ?? batch.ops.find((op) => op.id === id)?.result;
    return { at, newRunId, continuation, generateAttempts: AI_GENERATE_ATTEMPTS, acceptedOp };
  }

  /** Answers until when whole texts are wanted; stops the actor when the batch cannot be appended. */
  async #append(batch: Batch): Promise<number> {
    const { AUDIT, AUDIT_DELTAS } = this.#world.settings;
    const audit = auditEntries(batch.events, batch.state, this.lease, { on: AUDIT === 'on', deltas: AUDIT_DELTAS });
    // The epoch belongs to this owner alone, so a count makes the id unique.
    const batchId = `${this.lease.epoch}.${(this.#batches += 1)}`;
    const request = appendRequest(batch, this.lease, batchId, audit);
    const result = await this.#tryAppend(() => this.#world.log.append(request));
    switch (result?.status) {
      case 'appended':
      case 'already':
        return result.accumulatedUntil;
      case 'fenced':
      case 'mismatch':
        this.stop(result.status);
        return 0;
      case undefined:
        this.stop('store-unavailable');
        return 0;
    }
  }

  /** The same batch id each time: an append whose answer was lost is found, not repeated. */
  async #tryAppend(append: () => Promise<AppendResult>): Promise<AppendResult | null> {
    for (let tries = 1; this.#gone === null; tries += 1) {
      try {
        return await append();
      } catch (err) {
        this.#world.ports.logger.warn({ err, session: this.sessionId, epoch: this.lease.epoch, tries }, 'append failed');
        if (tries === APPEND_TRIES) return null;
        await new Promise<void>((resolve) => this.#world.clock.after(APPEND_PAUSE_MS, resolve));
      }
    }
    return null;
  }

  #commit(batch: Batch, accumulatedUntil: number | null): void {
    // History may have answered while the append was under way.
    this.#state = withStored(batch.state, this.#stored);
    for (const op of batch.ops) this.#accepted.set(op.id, op.result);
    if (accumulatedUntil !== null) this.#listener.committed(this, batch, accumulatedUntil);
    for (const effect of batch.effects) this.#listener.effect(this, effect);
  }

  /** The audit entry of this takeover. */
  claimed(): ReturnType<typeof claimedEntry> {
    return claimedEntry(this.lease, this.#state.meta.userId, new Date(this.#world.clock.now()).toISOString(), this.#world.newId(16));
  }
}

function moved(): Error {
  const { code, message } = wireError('unavailable', 'The session is moving to another server. Try again.');
  return chatError(code, message, 200);
}
