/** The sessions this node owns: claimed on demand, kept while busy, given back when idle or draining. */
import type { Lease, RestoreRequest } from '../backends/contracts.ts';
import { every } from '../clock.ts';
import type { ActorView, EventPayload } from '../protocol/broker.ts';
import { AckBook } from './ack-book.ts';
import { noSuchSession } from './access.ts';
import type { SessionActor } from './actor.ts';
import { viewOf } from './actor-view.ts';
import { AppendOutage } from './append-outage.ts';
import { auditClaim } from './claim-audit.ts';
import type { Behind } from './inputs.ts';
import { LiveSession, type Shared } from './live-session.ts';
import { behindHistory } from './lost-reply.ts';
import type { OwnerWorld } from './owner-settings.ts';
import { RESYNC_WITHIN_MS } from './ports.ts';
import type { LogView } from './read-messages.ts';
import { recovering, stopping } from './refusals.ts';
import { Restorer } from './restorer.ts';
import { replay } from './state.ts';
import { STORES_AT_ONCE } from './storer.ts';
import { Turns } from './turns.ts';
import { UnsureLeases } from './unsure-leases.ts';

/** Another live node owns the session: the caller asks that one. */
export class HeldElsewhere extends Error {
  readonly nodeId: string;
  constructor(nodeId: string) {
    super(`the session is owned by ${nodeId}`);
    this.nodeId = nodeId;
  }
}

export class SessionDirectory {
  readonly #world: OwnerWorld;
  readonly #shared: Shared;
  readonly #live = new Map<string, LiveSession>();
  readonly #claiming = new Map<string, Promise<LiveSession>>();
  readonly #unsure: UnsureLeases;
  readonly #restorer: Restorer;
  readonly #stopTimers: (() => void)[];
  /** Grows when the store says that leases or logs are not what they were: a claim that began before is void. */
  #term = 0;
  #draining = false;

  constructor(world: OwnerWorld) {
    this.#world = world;
    this.#shared = { acks: new AckBook(), outage: new AppendOutage(world.clock, world.ports.logger), turns: new Turns(STORES_AT_ONCE) };
    this.#unsure = new UnsureLeases(world);
    this.#restorer = new Restorer(world, (request, lease) => this.#restored(request, lease));
    const { ACK_MS, ACTOR_IDLE_MS } = world.settings;
    this.#stopTimers = [
      every(world.clock, () => ACK_MS, () => this.#acknowledge()),
      every(world.clock, () => Math.max(1, ACTOR_IDLE_MS / 4), () => this.#passivate()),
    ];
  }

  /** The session's actor here, claimed first when it is not. Throws HeldElsewhere, or `not-found` without a log. */
  async actor(sessionId: string): Promise<SessionActor> {
    const live = this.#live.get(sessionId);
    if (live) return live.actor;
    if (this.#draining) throw stopping();
    if (this.#restorer.has(sessionId)) throw recovering();
    let claiming = this.#claiming.get(sessionId);
    if (!claiming) {
      claiming = this.#claimSurely(sessionId).finally(() => this.#claiming.delete(sessionId));
      this.#claiming.set(sessionId, claiming);
    }
    return (await claiming).actor;
  }

  isLive(sessionId: string): boolean {
    return this.#live.has(sessionId) || this.#claiming.has(sessionId) || this.#restorer.has(sessionId);
  }

  /** Stops the session's actor, if there is one, and gives the lease back. */
  giveUp(sessionId: string, reason: string): void {
    this.#live.get(sessionId)?.actor.stop(reason);
  }

  /** Text from an ai node. For a session that is not (yet) here nothing is said: a claim under way attaches by itself. */
  takeChunks({ aiNode, chunks, credit }: EventPayload<'ai.chunks'>): void {
    const actors: SessionActor[] = [];
    for (const chunk of chunks) {
      const actor = this.#live.get(chunk.sessionId)?.actor;
      if (!actor) continue;
      actor.report({ type: 'chunk', aiNode, chunk });
      actors.push(actor);
    }
    if (credit !== undefined) void this.#sayTaken(aiNode, credit, actors);
  }

  /** This ai node is certainly gone: its runs go elsewhere at once. */
  aiGone(aiNode: string): void {
    for (const live of this.#live.values()) live.aiGone(aiNode);
  }

  /** This node lost its leases: what it remembers is void. */
  dropAll(reason: string): void {
    this.#term += 1;
    this.#giveUpRestores(reason);
    for (const { actor } of [...this.#live.values()]) actor.stop(reason);
  }

  /** The store lost data, and this node lived through it: what it remembers is the truth. */
  async restoreAll(): Promise<void> {
    this.#term += 1;
    this.#unsure.storeLost();
    const actors = [...this.#live.values()].map(({ actor }) => actor);
    this.#world.ports.logger.warn({ sessions: actors.length }, 'the store lost data; writing sessions anew');
    await this.#restorer.restore(actors);
  }

  /** Leases without an actor are claimed anew, and given back at once when there is nothing to do. */
  async revisit(): Promise<void> {
    await this.#unsure.revisit((id) => this.isLive(id), async (id) => {
      const actor = await this.actor(id);
      if (actor.isIdle) actor.stop('idle');
    });
  }

  /** Gives every session back, each as soon as its append at hand is done, so that others go on with it. */
  async drain(): Promise<void> {
    this.#draining = true;
    for (const stop of this.#stopTimers) stop();
    await Promise.allSettled(this.#claiming.values());
    this.#giveUpRestores('draining');
    await Promise.all([...this.#live.values()].map(async ({ actor }) => {
      await actor.finish('draining');
      await this.#release(actor.lease);
    }));
    // Nobody else can say of an ended run that its end is logged.
    this.#acknowledge();
  }

  view(sessionId?: string): ActorView[] {
    const actors = [...this.#live.values()].map(({ actor }) => actor).filter((actor) => sessionId === undefined || actor.sessionId === sessionId);
    return actors.map((actor) => viewOf(actor, this.#world.nodeId));
  }

  async #claimSurely(sessionId: string): Promise<LiveSession> {
    try {
      return await this.#claim(sessionId);
    } catch (err) {
      if (!(err instanceof HeldElsewhere)) this.#unsure.add(sessionId);
      throw err;
    }
  }

  async #claim(sessionId: string): Promise<LiveSession> {
    const { leases, log, ports, nodeId } = this.#world;
    const term = this.#term;
    const claim = await leases.claim(sessionId, nodeId);
    if (claim.status === 'held') throw new HeldElsewhere(claim.nodeId);
    if (claim.status === 'settling') throw recovering(claim.retryAfterMs);
    const { lease } = claim;
    // Only the log counts from here on: whatever this node remembered of the session is forgotten.
    const found = await log.read(sessionId, 0);
    const behind = found && (await this.#compared(lease, found));
    if (!found || this.#draining || term !== this.#term) {
      await this.#release(lease);
      throw !found ? noSuchSession() : this.#draining ? stopping() : recovering();
    }
    ports.logger.info({ session: sessionId, epoch: lease.epoch, seq: found.meta.head }, 'session claimed');
    const live = this.#enter(lease, found, behind);
    live.tellHead();
    return live;
  }

  async #compared(lease: Lease, found: LogView): Promise<Behind | null> {
    try {
      return await behindHistory(this.#world, found);
    } catch (err) {
      await this.#release(lease);
      throw err;
    }
  }

  /** `behind`: what is told in the log before anybody can ask for anything. */
  #enter(lease: Lease, { meta: { unsure, ...meta }, events }: LogView, behind: Behind | null = null): LiveSession {
    // What the log forgot may be operations too.
    const state = replay({ ...meta, opsComplete: meta.opsComplete && !unsure }, events);
    const live = new LiveSession(this.#world, this.#shared, lease, state, (gone, reason) => this.#gone(gone, reason));
    this.#live.set(lease.sessionId, live);
    if (behind) live.actor.report({ type: 'log-behind', behind });
    live.recover();
    void auditClaim(this.#world, live.actor);
    return live;
  }

  /** After a refusal the lease may still be this node's: the answer to an earlier, written attempt may have been lost. */
  #restored(request: RestoreRequest, lease: Lease | null): void {
    if (!lease) return this.#unsure.add(request.meta.sessionId);
    this.#enter(lease, request);
    this.#callTabs(request);
  }

  /** What only this node remembers of them is gone: their tabs ask what there is. */
  #giveUpRestores(reason: string): void {
    for (const request of this.#restorer.cancel()) {
      const { sessionId, epoch } = request.lease;
      this.#unsure.add(sessionId);
      this.#world.ports.logger.warn({ session: sessionId, epoch, reason }, 'session given up');
      this.#callTabs(request);
    }
  }

  /** They open again: their log is not the session's any more. */
  #callTabs({ meta: { userId, sessionId } }: RestoreRequest): void {
    this.#world.ports.gateway.resync({ userId, sessionId, reason: 'store-lost-data', withinMs: RESYNC_WITHIN_MS });
  }

  #gone(live: LiveSession, reason: string): void {
    const { sessionId, lease } = live.actor;
    if (this.#live.get(sessionId) !== live) return;
    this.#live.delete(sessionId);
    this.#unsure.gaveBack(sessionId);
    if (reason !== 'idle') this.#world.ports.logger.warn({ session: sessionId, epoch: lease.epoch, reason }, 'session given up');
    if (reason === 'draining' || reason === 'restoring') return;
    // A claim of this very node may have come through late: then nobody else may take the session.
    if (reason === 'fenced' || reason === 'mismatch') this.#unsure.add(sessionId);
    void this.#release(lease);
  }

  /** A lease that could not be released keeps every other node away: it is looked after until that is settled. */
  async #release(lease: Lease): Promise<void> {
    try {
      await this.#world.leases.release(lease);
    } catch (err) {
      this.#unsure.add(lease.sessionId);
      this.#world.ports.logger.warn({ err, session: lease.sessionId, epoch: lease.epoch }, 'lease not released');
    }
  }

  /** The ai node sends more once its text is logged here, so that an owner under load gets batches and no queue. */
  async #sayTaken(aiNode: string, credit: number, actors: SessionActor[]): Promise<void> {
    await Promise.all(actors.map((actor) => actor.turn()));
    this.#world.ports.ai.taken(aiNode, credit);
  }

  #acknowledge(): void {
    const open = [...this.#live.values()].map((live) => live.openRun()).filter((ack) => ack !== null);
    this.#shared.acks.flush(open, (aiNode, acks) => this.#world.ports.ai.acknowledge(aiNode, { acks }));
  }

  #passivate(): void {
    const before = this.#world.clock.now() - this.#world.settings.ACTOR_IDLE_MS;
    for (const { actor } of [...this.#live.values()]) if (actor.isIdle && actor.lastActiveAt <= before) actor.stop('idle');
  }
}
