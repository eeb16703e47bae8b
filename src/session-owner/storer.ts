/**
 * Brings what is finished into history, again and again until history has it, and only then tells the log. One call
 * at a time per session, and a bounded number per node: after an outage of history all sessions have something to store.
 * The log keeps everything until then, so a crash in between loses nothing.
 */
import type { SessionActor } from './actor.ts';
import type { OwnerWorld } from './owner-settings.ts';
import { owedToHistory, storableThrough } from './state.ts';
import type { Turns } from './turns.ts';

/** Per node. History is one database for all of them: more calls at once would only wait there. */
export const STORES_AT_ONCE = 20;

export class Storer {
  readonly #world: OwnerWorld;
  readonly #actor: SessionActor;
  readonly #turns: Turns;
  #running = false;
  #cancelRetry: (() => void) | null = null;
  #warned = false;
  /** Of the record that history was given last. */
  #storedRev = -1;

  /** `turns`: shared by the sessions of this node. */
  constructor(world: OwnerWorld, actor: SessionActor, turns: Turns) {
    this.#world = world;
    this.#actor = actor;
    this.#turns = turns;
  }

  /** Call whenever something may be new; cheap when nothing is. */
  kick(): void {
    if (!this.#running && !this.#cancelRetry && this.#owes()) void this.#run();
  }

  stop(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = null;
  }

  #owes(): boolean {
    const { state, isGone } = this.#actor;
    return !isGone && (storableThrough(state) > state.meta.storedThrough || this.#recordIsNewer());
  }

  /** A new title or a pin while a reply is open: lists are history's, and its events are owed only when the reply has ended. */
  #recordIsNewer(): boolean {
    const { phase, meta } = this.#actor.state;
    return phase.name === 'replying' && meta.messageCount > 0 && meta.rev > this.#storedRev;
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#owes()) await this.#turns.run(() => this.#storeOnce());
      this.#warned = false;
    } catch (err) {
      if (!this.#warned) this.#world.ports.logger.warn({ err, session: this.#actor.sessionId }, 'history does not take the session yet; trying again');
      this.#warned = true;
      if (!this.#actor.isGone) this.#retryLater();
    } finally {
      this.#running = false;
    }
  }

  #retryLater(): void {
    this.#cancelRetry = this.#world.clock.after(this.#world.settings.STORE_RETRY_MS, () => {
      this.#cancelRetry = null;
      this.kick();
    });
  }

  async #storeOnce(): Promise<void> {
    // Its turn may have come late.
    if (!this.#owes()) return;
    const { state, lease } = this.#actor;
    const through = storableThrough(state);
    const { history } = this.#world.ports;
    if (state.phase.name === 'deleted') {
      await history.remove(lease.sessionId, state.meta.userId, state.meta.rev);
      await this.#world.files.removeSession(lease.sessionId);
    }
    // A session is in history from its first message: until then its log alone has it.
    else if (state.meta.messageCount > 0) await history.store(...owedToHistory(state));
    this.#storedRev = state.meta.rev;
    if (through <= state.meta.storedThrough) return;
    if (await this.#world.log.acknowledge(lease, through)) this.#actor.stored(through);
    else this.#actor.stop('fenced');
  }
}
