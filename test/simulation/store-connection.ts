/** One process's connection to a store: what is sent first arrives first; it may refuse, be slow, or answer into the void. */
import { chatError } from '../../src/errors.ts';
import type { Fate } from './fate.ts';
import type { Place, Scheduler } from './scheduler.ts';
import { NotNow, OtherStore } from './store-server.ts';

/** A caller waits this long, in ms. */
const TIMEOUT_MS = 1_000;

export function storeAway(retryAfterMs = 100): Error {
  return chatError('unavailable', 'The store does not answer. Try again.', retryAfterMs);
}

export class StoreConnection {
  readonly #scheduler: Scheduler;
  readonly #fate: Fate;
  readonly #place: Place;
  readonly #isUp: () => boolean;
  #lastArrival = 0;
  /** Grows when the connection breaks: what was on its way then is lost. */
  #life = 0;
  /** Called when the store says that it is not the one this process knows. */
  onOtherStore: () => void = () => {};

  constructor(scheduler: Scheduler, fate: Fate, place: Place, isUp: () => boolean) {
    this.#scheduler = scheduler;
    this.#fate = fate;
    this.#place = place;
    this.#isUp = isUp;
  }

  break(): void {
    this.#life += 1;
    this.#lastArrival = 0;
  }

  call<T>(apply: () => T): Promise<T> {
    if (!this.#isUp()) return this.#refuse(1);
    const { refused, tooLate, answered, afterMs } = this.#fate.store();
    if (refused) return this.#refuse(afterMs);
    return new Promise<T>((resolve, reject) => {
      const life = this.#life;
      const giveUp = (): void => reject(storeAway());
      if (!answered) this.#scheduler.after(TIMEOUT_MS, this.#place, giveUp);
      this.#arrive(tooLate ? TIMEOUT_MS + afterMs * 40 : afterMs, life, giveUp, () => {
        const settle = this.#carryOut(apply, resolve, reject);
        if (!answered) return;
        this.#scheduler.after(this.#fate.hop(), this.#place, () => (life === this.#life ? settle() : giveUp()));
      });
    });
  }

  #refuse(ms: number): Promise<never> {
    return new Promise((_, reject) => void this.#scheduler.after(ms, this.#place, () => reject(storeAway())));
  }

  /** What was sent first is carried out first, also when nobody waits for it any more. */
  #arrive(ms: number, life: number, lost: () => void, then: () => void): void {
    const at = Math.max(this.#lastArrival, this.#scheduler.now + ms);
    this.#lastArrival = at;
    this.#scheduler.after(at - this.#scheduler.now, null, () => {
      if (life === this.#life && this.#isUp()) then();
      else this.#scheduler.after(1, this.#place, lost);
    });
  }

  #carryOut<T>(apply: () => T, resolve: (value: T) => void, reject: (err: Error) => void): () => void {
    try {
      const result = apply();
      return () => resolve(result);
    } catch (err) {
      if (err instanceof NotNow) return () => reject(storeAway(err.retryAfterMs));
      if (!(err instanceof OtherStore)) return () => reject(err as Error);
      return () => {
        this.onOtherStore();
        reject(storeAway());
      };
    }
  }
}
