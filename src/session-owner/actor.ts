/**
 * One session in the memory of its owner. Inputs go through one mailbox that awaits only appends; everything else
 * (clients, ai nodes, history) happens after an append and reports back as an input.
 */
import type { Lease, OpResult } from '../backends/contracts.ts';
import { newRunId } from '../ids.ts';
import type { AppendOutage } from './append-outage.ts';
import { Appender } from './appender.ts';
import { analyticsEntries, auditEntries, claimedEntry } from './audit-entries.ts';
import { addDecision, appendRequest, emptyBatch, isEmpty, type Batch } from './batch.ts';
import { decide } from './decide.ts';
import type { Rules } from './decision.ts';
import type { Answer, Command, Effect, Input, Report } from './inputs.ts';
import { Mailbox } from './mailbox.ts';
import type { OwnerWorld } from './owner-settings.ts';
import { moving, notSaved } from './refusals.ts';
import { withStored, type SessionState } from './state.ts';

/** Longest wait for a command's outcome: below every caller's own limit, so that it is this owner who answers. */
const COMMAND_MS = 2_000;
/** Longest wait for an append while the node stops. */
const FINISH_MS = 1_000;

interface Item {
  input: Input;
  settle?: (answer: Answer) => void;
  fail?: (error: Error) => void;
  /** Its caller was refused while it waited; what nobody has begun is not begun any more. */
  refused?: boolean;
}

/** What the owner knows of the session, an append included whose outcome it does not know. */
export interface Memory {
  state: SessionState;
  ops: { id: string; result: OpResult }[];
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
  readonly #appender: Appender;
  readonly #mailbox = new Mailbox<Item>((items) => this.#handle(items));
  readonly #accepted = new Map<string, OpResult>();
  #state: SessionState;
  #stored = 0;
  #batches = 0;
  #gone: string | null = null;
  #current: Item[] = [];
  #pending: Batch | null = null;
  lastActiveAt: number;

  constructor(world: OwnerWorld, lease: Lease, state: SessionState, outage: AppendOutage, listener: ActorListener) {
    this.#world = world;
    this.#appender = new Appender(world, outage);
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

  /** Everything that a log must have for this session to go on. What waits in an append may be in the store, so it counts. */
  memory(): Memory {
    const ops = [...this.#accepted].map(([id, result]) => ({ id, result }));
    if (!this.#pending) return { state: this.#state, ops };
    return { state: withStored(this.#pending.state, this.#stored), ops: [...ops, ...this.#pending.ops] };
  }

  /**
   * Resolves once the outcome is in the log. Rejects with `unavailable` when this owner cannot tell, at once while the
   * store is known to fail; the same command, submitted again, finds what was appended after all.
   */
  submit(command: Command): Promise<Answer> {
    if (this.#appender.failing) return Promise.reject(notSaved());
    return new Promise((resolve, reject) => {
      const item: Item = { input: command };
      const cancel = this.#world.clock.after(COMMAND_MS, () => {
        item.refused = true;
        reject(notSaved());
      });
      item.settle = (answer) => (cancel(), resolve(answer));
      item.fail = (error) => (cancel(), reject(error));
      if (!this.#mailbox.push(item)) item.fail(moving());
    });
  }

  report(report: Report): void {
    this.#mailbox.push({ input: report });
  }

  /** Resolves when the append at hand is done. */
  turn(): Promise<void> {
    return this.#mailbox.turn();
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
    for (const item of [...this.#mailbox.close(), ...this.#current]) item.fail?.(moving());
    this.#listener.gone(this, reason);
  }

  /** Takes nothing more, lets the append at hand come to its end, and stops. */
  async finish(reason: string): Promise<void> {
    for (const item of this.#mailbox.close()) item.fail?.(moving());
    await Promise.race([this.#mailbox.idled(), new Promise<void>((resolve) => this.#world.clock.after(FINISH_MS, resolve))]);
    this.stop(reason);
  }

  async #handle(waiting: Item[]): Promise<void> {
    if (this.#gone !== null) return;
    const items = waiting.filter(({ refused }) => !refused);
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
    const rules = { on: AUDIT === 'on', deltas: AUDIT_DELTAS };
    const audit = [...auditEntries(batch.events, batch.state, this.lease, rules), ...analyticsEntries(batch.ended, batch.state, this.lease, rules)];
    // The epoch belongs to this owner alone, so a count makes the id unique.
    const batchId = `${this.lease.epoch}.${(this.#batches += 1)}`;
    const request = appendRequest(batch, this.lease, batchId, audit);
    this.#pending = batch;
    const result = await this.#appender.append(request, () => this.#gone === null);
    this.#pending = null;
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

  #commit(batch: Batch, accumulatedUntil: number | null): void {
    // History may have answered while the append was under way.
    this.#state = withStored(batch.state, this.#stored);
    for (const op of batch.ops) this.#accepted.set(op.id, op.result);
    if (accumulatedUntil !== null) this.#listener.committed(this, batch, accumulatedUntil);
    for (const effect of batch.effects) this.#listener.effect(this, effect);
  }

  /** The audit entry of this takeover. */
  claimed(): ReturnType<typeof claimedEntry> {
    return claimedEntry(this.lease, this.#state, new Date(this.#world.clock.now()).toISOString());
  }
}
