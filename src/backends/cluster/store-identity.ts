/**
 * Whether this is still the store that we wrote to. A Redis that was restarted, emptied or replaced may have lost what it
 * had acknowledged; the first node that sees it gives the store a new id, and every script compares the id.
 */
import { randomId } from '../../ids.ts';
import { keys } from './redis-keys.ts';
import { storeAway, type RedisLink } from './redis-link.ts';

const ID_LENGTH = 16;
const RETRY_MS = 50;

export class StoreIdentity {
  readonly #link: RedisLink;
  readonly #settleMs: number;
  #id: string | null = null;
  #changedAt = -Infinity;
  /** Grows with each loss of the connection; what was found out before says nothing about the server after it. */
  #connection = 0;
  #verified = false;
  #verifying: Promise<void> | null = null;
  #closed = false;
  #onVerified: () => void = () => {};

  constructor(link: RedisLink, settleMs: number) {
    this.#link = link;
    this.#settleMs = settleMs;
    link.appends.on('close', () => {
      this.#connection += 1;
      this.#verified = false;
    });
    link.appends.on('ready', () => void this.#verifyUntilDone());
    if (link.appends.status === 'ready') void this.#verifyUntilDone();
  }

  /** Called after each new connection has been found out about, and after each change of the id. */
  onVerified(listener: () => void): void {
    this.#onVerified = listener;
  }

  /** The id of the store that this node's appends go to. Throws `unavailable` while that is not known. */
  get current(): string {
    if (!this.#verified || this.#id === null) throw storeAway();
    return this.#id;
  }

  /** For where it only matters whether it is still the same. */
  get known(): string | null {
    return this.#id;
  }

  /** Resolves once the store is known for the first time. */
  found(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#verified) resolve();
      else this.#onVerified = resolve;
    });
  }

  /** Since when, in ms, the id is what it is. */
  get ageMs(): number {
    return performance.now() - this.#changedAt;
  }

  /** A script found another id than this node knows. Looks in the background; until then nothing is written. */
  doubt(): void {
    this.#verified = false;
    void this.#verifyUntilDone();
  }

  close(): void {
    this.#closed = true;
  }

  #take(id: string): void {
    if (id !== this.#id) this.#changedAt = performance.now();
    this.#id = id;
  }

  async #verifyUntilDone(): Promise<void> {
    this.#verifying ??= this.#verify().finally(() => (this.#verifying = null));
    await this.#verifying;
  }

  async #verify(): Promise<void> {
    while (!this.#verified && !this.#closed) {
      const connection = this.#connection;
      try {
        const answer = await this.#link.append('identify', [keys.store, keys.run, keys.settling], [randomId(ID_LENGTH), this.#settleMs]);
        if (connection !== this.#connection) continue;
        this.#take(String((answer as unknown[])[0]));
        this.#verified = true;
      } catch {
        // Away again: its next connection asks anew. There but not able to write: asked again.
        if (this.#link.appends.status !== 'ready') return;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    if (this.#verified) this.#onVerified();
  }
}
