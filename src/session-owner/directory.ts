/** The sessions this node owns: claimed on demand, kept while busy, given back when idle or draining. */
import type { Lease } from '../backends/contracts.ts';
import { chatError } from '../errors.ts';
import type { ActorView, EventPayload } from '../protocol/broker.ts';
import { AckBook } from './ack-book.ts';
import { noSuchSession } from './access.ts';
import { every } from '../clock.ts';
import { LiveSession } from './live-session.ts';
import type { OwnerWorld } from './owner-settings.ts';
import type { SessionActor } from './actor.ts';
import { replay } from './state.ts';

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
  readonly #acks = new AckBook();
  readonly #live = new Map<string, LiveSession>();
  readonly #claiming = new Map<string, Promise<LiveSession>>();
  readonly #stopTimers: (() => void)[];
  #draining = false;

  constructor(world: OwnerWorld) {
    this.#world = world;
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
    if (this.#draining) throw chatError('unavailable', 'This server is stopping. Try again.', 200);
    let claiming = this.#claiming.get(sessionId);
    if (!claiming) {
      claiming = this.#claim(sessionId).finally(() => this.#claiming.delete(sessionId));
      this.#claiming.set(sessionId, claiming);
    }
    return (await claiming).actor;
  }

  isLive(sessionId: string): boolean {
    return this.#live.has(sessionId) || this.#claiming.has(sessionId);
  }

  /** Text from an ai node. For a session that is not (yet) here nothing is said: a claim under way attaches by itself. */
  takeChunks({ aiNode, chunks }: EventPayload<'ai.chunks'>): void {
    for (const chunk of chunks) this.#live.get(chunk.sessionId)?.actor.report({ type: 'chunk', aiNode, chunk });
  }

  /** This node lost its leases: what it remembers is void. */
  dropAll(reason: string): void {
    for (const { actor } of [...this.#live.values()]) actor.stop(reason);
  }

  async drain(): Promise<void> {
    this.#draining = true;
    for (const stop of this.#stopTimers) stop();
    await Promise.allSettled(this.#claiming.values());
    const leases = [...this.#live.values()].map(({ actor }) => actor.lease);
    this.dropAll('draining');
    await Promise.all(leases.map((lease) => this.#release(lease)));
  }

  view(sessionId?: string): ActorView[] {
    const actors = [...this.#live.values()].map(({ actor }) => actor).filter((actor) => sessionId === undefined || actor.sessionId === sessionId);
    return actors.map((actor) => viewOf(actor, this.#world.nodeId));
  }

  async #claim(sessionId: string): Promise<LiveSession> {
    const { leases, log, ports, nodeId } = this.#world;
    const claim = await leases.claim(sessionId, nodeId);
    if (claim.status === 'held') throw new HeldElsewhere(claim.nodeId);
    if (claim.status === 'settling') throw chatError('unavailable', 'The server recovers from an outage. Try again.', claim.retryAfterMs);
    const { lease } = claim;
    // Only the log counts from here on: whatever this node remembered of the session is forgotten.
    const found = await log.read(sessionId, 0);
    if (!found) {
      await this.#release(lease);
      throw noSuchSession();
    }
    const live = new LiveSession(this.#world, this.#acks, lease, replay(found.meta, found.events), (gone, reason) => this.#gone(gone, reason));
    if (this.#draining) {
      await this.#release(lease);
      throw chatError('unavailable', 'This server is stopping. Try again.', 200);
    }
    this.#live.set(sessionId, live);
    ports.logger.info({ session: sessionId, epoch: lease.epoch, seq: found.meta.head }, 'session claimed');
    live.recover();
    return live;
  }

  #gone(live: LiveSession, reason: string): void {
    const { sessionId, lease } = live.actor;
    if (this.#live.get(sessionId) !== live) return;
    this.#live.delete(sessionId);
    if (reason !== 'idle') this.#world.ports.logger.warn({ session: sessionId, epoch: lease.epoch, reason }, 'session given up');
    if (reason !== 'draining') void this.#release(lease);
  }

  /** Releasing is a courtesy: a lease nobody released is claimed anew, so a failure is only logged. */
  async #release(lease: Lease): Promise<void> {
    try {
      await this.#world.leases.release(lease);
    } catch (err) {
      this.#world.ports.logger.warn({ err, session: lease.sessionId, epoch: lease.epoch }, 'lease not released');
    }
  }

  #acknowledge(): void {
    const open = [...this.#live.values()].map((live) => live.openRun()).filter((ack) => ack !== null);
    this.#acks.flush(open, (aiNode, acks) => this.#world.ports.ai.acknowledge(aiNode, { acks }));
  }

  #passivate(): void {
    const before = this.#world.clock.now() - this.#world.settings.ACTOR_IDLE_MS;
    for (const { actor } of [...this.#live.values()]) if (actor.isIdle && actor.lastActiveAt <= before) actor.stop('idle');
  }
}

function viewOf(actor: SessionActor, node: string): ActorView {
  const { lease, state } = actor;
  const { userId, logId, head, storedThrough, run } = state.meta;
  return {
    sessionId: lease.sessionId,
    userId,
    node,
    epoch: lease.epoch,
    logId,
    seq: head,
    storedThrough,
    state: state.phase.name,
    runId: run?.runId ?? null,
    aiNode: run?.aiNode ?? null,
    replyId: run?.replyId ?? null,
    queued: actor.queued,
  };
}
