/**
 * Sessions whose lease this node may hold without having them in memory: the store did not say how a claim or a release
 * ended. Nobody else may take what a live node holds, so such a session would stand still until somebody writes to it.
 */
import type { OwnerWorld } from './owner-settings.ts';

/** Sessions given back that are remembered: more than anybody gives back in the seconds a store may lose. */
const MAX_GIVEN_BACK = 1_000;
/** Longer than any call to the store may take: what was asked before is done or will never be. */
const SETTLED_MS = 5_000;

export class UnsureLeases {
  readonly #world: OwnerWorld;
  readonly #since = new Map<string, number>();
  readonly #givenBack = new Set<string>();

  constructor(world: OwnerWorld) {
    this.#world = world;
  }

  /** This node needs the session no more. */
  gaveBack(sessionId: string): void {
    this.#givenBack.delete(sessionId);
    this.#givenBack.add(sessionId);
    if (this.#givenBack.size <= MAX_GIVEN_BACK) return;
    const [oldest] = this.#givenBack;
    if (oldest !== undefined) this.#givenBack.delete(oldest);
  }

  /** The store lost its last writes: what this node gave back may be its own again, and it would not know. */
  storeLost(): void {
    for (const sessionId of this.#givenBack) this.add(sessionId);
  }

  get size(): number {
    return this.#since.size;
  }

  add(sessionId: string): void {
    this.#since.delete(sessionId);
    this.#since.set(sessionId, this.#world.clock.now());
  }

  /** `adopt` is called for what this node holds and `isLive` does not know. Rejects when the store does not answer. */
  async revisit(isLive: (sessionId: string) => boolean, adopt: (sessionId: string) => Promise<void>): Promise<void> {
    for (const [sessionId, since] of [...this.#since]) {
      try {
        if (!isLive(sessionId) && (await this.#holds(sessionId)) && !isLive(sessionId)) await adopt(sessionId);
      } catch (err) {
        // The others first the next time.
        if (this.#since.delete(sessionId)) this.#since.set(sessionId, since);
        throw err;
      }
      const old = this.#world.clock.now() - since >= SETTLED_MS;
      if (old && this.#since.get(sessionId) === since) this.#since.delete(sessionId);
    }
  }

  async #holds(sessionId: string): Promise<boolean> {
    const { leases, nodeId } = this.#world;
    return (await leases.owner(sessionId))?.nodeId === nodeId;
  }
}
