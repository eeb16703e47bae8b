/**
 * Who is gone, faster than heartbeats say it: Redis knows how many connections listen to a node's own channel, and a
 * killed process is no longer among them. Looking twice tells a death from a reconnect.
 */
import { every, type Clock } from '../../clock.ts';
import { chatError } from '../../errors.ts';
import type { Presence } from '../contracts.ts';

/** Nobody for this long, in ms: gone. A node that lost its connection is back sooner. */
export const BLINK_MS = 250;
/** Between two looks of the watcher, in ms: a whole part of the above. */
export const LOOK_MS = 125;
const LOOKS = BLINK_MS / LOOK_MS + 1;
/** How long a gone node is remembered, in ms: longer than any heartbeat of it is. */
const MEMORY_MS = 120_000;

export interface PresenceParts {
  /** How many listen to each node's channel. Rejects when Redis does not say so promptly. */
  listeners(nodeIds: string[]): Promise<number[]>;
  /** True while Redis is there, and everyone had time to connect since it last was not. */
  steady(): boolean;
  /** Nodes that are thought to be there. */
  known(): string[];
  /** Takes the node out of the broker: pending calls to it end, new ones go elsewhere. */
  drop(nodeId: string): void;
  clock: Clock;
}

export class RedisPresence implements Presence {
  readonly #parts: PresenceParts;
  readonly #listeners = new Set<(nodeId: string) => void>();
  /** How many looks in a row found nobody. */
  readonly #missed = new Map<string, number>();
  readonly #gone = new Map<string, { forget: () => void }>();

  constructor(parts: PresenceParts) {
    this.#parts = parts;
  }

  async isGone(nodeId: string): Promise<boolean> {
    if (await this.#isThere(nodeId)) return false;
    await new Promise<void>((resolve) => void this.#parts.clock.after(BLINK_MS, resolve));
    return !(await this.#isThere(nodeId));
  }

  onGone(listener: (nodeId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** What the watcher last said of it. */
  isDead(nodeId: string): boolean {
    return this.#gone.has(nodeId);
  }

  /** Looks after all known nodes until the returned function is called. */
  watch(): () => void {
    const end = every(this.#parts.clock, () => LOOK_MS, () => this.#look());
    return () => {
      end();
      for (const { forget } of this.#gone.values()) forget();
    };
  }

  async #isThere(nodeId: string): Promise<boolean> {
    this.#mustBeSteady();
    const [count] = await this.#parts.listeners([nodeId]);
    this.#mustBeSteady();
    return count !== 0;
  }

  #mustBeSteady(): void {
    if (!this.#parts.steady()) throw chatError('unavailable', 'It cannot be told right now which servers are there. Try again.', BLINK_MS);
  }

  async #look(): Promise<void> {
    // Gone ones too: a node that was cut off for a while comes back.
    const ids = [...new Set([...this.#parts.known(), ...this.#gone.keys()])];
    const counts = await this.#count(ids);
    if (counts === null) return this.#missed.clear();
    ids.forEach((id, place) => this.#judge(id, counts[place] ?? 1));
    for (const id of this.#missed.keys()) if (!ids.includes(id)) this.#missed.delete(id);
  }

  /** null when nothing can be told. */
  async #count(ids: string[]): Promise<number[] | null> {
    if (!this.#parts.steady()) return null;
    if (ids.length === 0) return [];
    const counts = await this.#parts.listeners(ids).catch(() => null);
    return this.#parts.steady() ? counts : null;
  }

  #judge(id: string, count: number): void {
    if (count > 0) {
      this.#missed.delete(id);
      this.#forget(id);
      return;
    }
    const missed = (this.#missed.get(id) ?? 0) + 1;
    this.#missed.set(id, missed);
    if (missed < LOOKS || this.#gone.has(id)) return;
    this.#gone.set(id, { forget: this.#parts.clock.after(MEMORY_MS, () => void this.#gone.delete(id)) });
    this.#parts.drop(id);
    for (const listener of this.#listeners) listener(id);
  }

  #forget(id: string): void {
    this.#gone.get(id)?.forget();
    this.#gone.delete(id);
  }
}
