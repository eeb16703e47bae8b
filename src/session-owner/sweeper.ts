/**
 * Finds sessions that nobody looks after: a reply that is open, or a message history lacks, without an owner; and leases
 * of this node that it may have forgotten.
 */
import { every } from '../clock.ts';
import { HeldElsewhere, type SessionDirectory } from './directory.ts';
import type { OwnerWorld } from './owner-settings.ts';

const AT_ONCE = 50;
/** Looks of one sweep at most. */
const LOOKS = 40;
const EXPIRE_EVERY_MS = 10_000;
const FILES_EVERY_MS = 600_000;
/** After a node went it takes the lease store a moment to free what that node held. */
const URGENT_MS = 1_000;
const URGENT_EVERY_MS = 100;

export class Sweeper {
  readonly #world: OwnerWorld;
  readonly #directory: SessionDirectory;
  #stops: (() => void)[] = [];
  #sweeping = false;
  #again = false;
  #troubled = false;
  #urgentUntil = 0;

  constructor(world: OwnerWorld, directory: SessionDirectory) {
    this.#world = world;
    this.#directory = directory;
  }

  /** Sweeps at once and then again and again, jittered. */
  start(): void {
    const world = this.#world;
    const { SWEEP_MS, FILES_UNUSED_MS } = world.settings;
    void this.sweep();
    this.#stops = [
      every(world.clock, () => SWEEP_MS * (0.5 + world.random()), () => this.sweep()),
      every(world.clock, () => EXPIRE_EVERY_MS, () => void this.#guarded(() => world.log.expire(world.clock.now()))),
      every(world.clock, () => Math.min(FILES_EVERY_MS, FILES_UNUSED_MS), () => void this.#guarded(() => world.files.sweep(world.clock.now() - FILES_UNUSED_MS))),
    ];
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    this.#again = false;
  }

  /** A node went: what it leaves behind is found as soon as it is free. */
  urge(): void {
    const { clock } = this.#world;
    const running = clock.now() < this.#urgentUntil;
    this.#urgentUntil = clock.now() + URGENT_MS;
    if (!running) this.#sweepUrgently();
  }

  #sweepUrgently(): void {
    if (this.#stops.length === 0 || this.#world.clock.now() >= this.#urgentUntil) return;
    void this.sweep();
    this.#world.clock.after(URGENT_EVERY_MS, () => this.#sweepUrgently());
  }

  /** Now; asked for during a sweep, once more after it. */
  async sweep(): Promise<void> {
    if (this.#sweeping) {
      this.#again = true;
      return;
    }
    this.#sweeping = true;
    do {
      this.#again = false;
      const results = [await this.#guarded(() => this.#directory.revisit()), await this.#guarded(() => this.#adoptAbandoned())];
      if (!results.includes(false)) this.#troubled = false;
    } while (this.#again);
    this.#sweeping = false;
  }

  /** A dead node may leave more behind than one look shows: as long as that brings something, it looks again. */
  async #adoptAbandoned(): Promise<void> {
    for (let look = 1; look <= LOOKS; look += 1) {
      const abandoned = await this.#world.leases.abandoned(AT_ONCE);
      const free = abandoned.filter((id) => !this.#directory.isLive(id));
      const settled = await Promise.all(free.map((id) => this.#guarded(() => adopt(this.#directory, id))));
      if (abandoned.length < AT_ONCE || !settled.includes(true)) return;
    }
  }

  /** False when it failed: the next sweep tries again, and until then the store's trouble is logged once. */
  async #guarded(task: () => Promise<unknown>): Promise<boolean> {
    try {
      await task();
      return true;
    } catch (err) {
      if (!this.#troubled) this.#world.ports.logger.warn({ err }, 'sweep failed; trying again');
      this.#troubled = true;
      return false;
    }
  }
}

/** Claims what nobody owns; what another node owns is looked after. */
export async function adopt(directory: SessionDirectory, sessionId: string): Promise<void> {
  try {
    await directory.actor(sessionId);
  } catch (err) {
    // Another node was faster: that is what the lock is for.
    if (!(err instanceof HeldElsewhere)) throw err;
  }
}
