/** An actor with what belongs to it: its frames, its whole texts, its keep-alive, its storing and its runs. */
import type { Lease } from '../backends/contracts.ts';
import type { Message } from '../protocol/wire.ts';
import type { AckBook, NodeAck } from './ack-book.ts';
import { SessionActor, type ActorListener } from './actor.ts';
import { AliveTimer } from './alive-timer.ts';
import type { AppendOutage } from './append-outage.ts';
import type { Batch } from './batch.ts';
import type { Effect } from './inputs.ts';
import type { OwnerWorld } from './owner-settings.ts';
import { attachRun, startRun } from './run-starter.ts';
import { sessionView, type SessionState } from './state.ts';
import { Storer } from './storer.ts';
import type { Turns } from './turns.ts';
import { WholeFrames } from './whole-frames.ts';

/** What the sessions of one node share. */
export interface Shared {
  acks: AckBook;
  outage: AppendOutage;
  /** For storing. */
  turns: Turns;
}

export class LiveSession implements ActorListener {
  readonly actor: SessionActor;
  readonly #world: OwnerWorld;
  readonly #acks: AckBook;
  readonly #onGone: (session: LiveSession, reason: string) => void;
  readonly #storer: Storer;
  readonly #alive: AliveTimer;
  readonly #whole: WholeFrames;
  /** The run whose ai node is being asked about it. */
  #checking: string | null = null;

  constructor(world: OwnerWorld, shared: Shared, lease: Lease, state: SessionState, onGone: (session: LiveSession, reason: string) => void) {
    this.#world = world;
    this.#acks = shared.acks;
    this.#onGone = onGone;
    this.actor = new SessionActor(world, lease, state, shared.outage, this);
    this.#storer = new Storer(world, this.actor, shared.turns);
    this.#alive = new AliveTimer(world.clock, world.settings.ALIVE_MS, () => this.#beat());
    this.#whole = new WholeFrames(world.clock, world.settings.ACCUMULATED_INTERVAL_MS, (whole) => {
      world.ports.gateway.frames({ ...this.#address(), events: [], whole });
    });
  }

  /** After a claim: what history lacks is stored, and an open reply goes on. */
  recover(): void {
    this.#storer.kick();
    const { phase } = this.actor.state;
    if (phase.name !== 'replying') return;
    this.#alive.sent(true);
    const { run, message } = phase.reply;
    if (!run) return;
    const { sessionId, epoch } = this.actor.lease;
    this.#world.ports.logger.info({ session: sessionId, message: message.id, run: run.runId, epoch }, 'open reply found');
    if (run.aiNode === null) return this.actor.report({ type: 'run-lost', runId: run.runId });
    void this.#checkRun();
  }

  /** What the last owner logged and had no time to show: whoever lacks it sees the head and opens again. */
  tellHead(): void {
    const { head } = this.actor.state.meta;
    if (head > 0) this.#world.ports.gateway.alive({ ...this.#address(), seq: head });
  }

  /** This ai node is certainly gone: its run is replaced without another question. */
  aiGone(aiNode: string): void {
    const { phase } = this.actor.state;
    const run = phase.name === 'replying' ? phase.reply.run : null;
    if (run?.aiNode === aiNode) this.actor.report({ type: 'run-lost', runId: run.runId });
  }

  /** How far the open run is logged; null when no ai node is at work for this session. */
  openRun(): NodeAck | null {
    const { phase } = this.actor.state;
    const run = phase.name === 'replying' ? phase.reply.run : null;
    if (phase.name !== 'replying' || !run?.aiNode) return null;
    const { epoch } = this.actor.lease;
    return { aiNode: run.aiNode, ack: { runId: run.runId, epoch, offset: phase.reply.message.content.length, ended: false } };
  }

  committed(actor: SessionActor, batch: Batch, accumulatedUntil: number): void {
    if (batch.events.length > 0) {
      this.#world.ports.gateway.frames({ ...this.#address(), events: batch.events });
      this.#alive.sent(actor.state.phase.name === 'replying');
      const ended = endedIn(batch);
      this.#whole.update(accumulatedUntil, ended, () => actor.state);
      for (const { id, status, error } of ended) this.#logEnd(id, status, error?.code);
    }
    this.#storer.kick();
  }

  effect(actor: SessionActor, effect: Effect): void {
    const { epoch } = actor.lease;
    const { ai, gateway } = this.#world.ports;
    switch (effect.type) {
      case 'start-run':
        return startRun(this.#world, actor, effect.run, effect.prefix);
      case 'abort-run':
        return ai.abort(effect.aiNode, { runId: effect.runId, epoch });
      case 'replay-run':
        return ai.replay(effect.aiNode, { runId: effect.runId, epoch, offset: effect.offset });
      case 'acknowledge-run': {
        const { runId, offset, ended } = effect;
        return ended ? this.#acks.ended(effect.aiNode, { runId, epoch, offset, ended }) : undefined;
      }
      case 'sessions-changed': {
        const { userId, sessionId } = actor.state.meta;
        const { change } = effect;
        const session = change === 'deleted' ? undefined : sessionView(actor.state.meta);
        return gateway.sessionsChanged({ userId, sessionId, change, ...(session && { session }) });
      }
    }
  }

  gone(_actor: SessionActor, reason: string): void {
    this.#storer.stop();
    this.#alive.stop();
    this.#whole.stop();
    this.#onGone(this, reason);
  }

  #logEnd(message: string, status: string, code: string | undefined): void {
    const { sessionId, epoch } = this.actor.lease;
    this.#world.ports.logger.info({ session: sessionId, message, epoch, status, ...(code && { code }) }, 'reply ended');
  }

  /** Clients hear that the reply is open, and its ai node is asked whether it still works at it: it may be gone, or have forgotten the run. */
  #beat(): void {
    void this.#checkRun();
    this.tellHead();
  }

  /** One question at a time: it is asked again by itself until it is answered. */
  async #checkRun(): Promise<void> {
    const { phase } = this.actor.state;
    if (phase.name !== 'replying') return;
    const { run, message } = phase.reply;
    if (!run?.aiNode || this.#checking === run.runId) return;
    this.#checking = run.runId;
    await attachRun(this.#world, this.actor, run, run.aiNode, message.content.length);
    if (this.#checking === run.runId) this.#checking = null;
  }

  #address(): { userId: string; sessionId: string; logId: string } {
    const { userId, sessionId, logId } = this.actor.state.meta;
    return { userId, sessionId, logId };
  }
}

function endedIn(batch: Batch): Message[] {
  const { unsaved } = batch.state;
  return unsaved.filter(({ message, seq }) => message.role === 'assistant' && seq >= batch.firstSeq).map(({ message }) => message);
}
