/** Counted in memory: there is one process, and a restart may forget who was fast. */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Quotas } from '../contracts.ts';

export class MemoryQuotas implements Quotas {
  /** One counter per kind of limit; keys of the same limits share it. */
  readonly #limiters = new Map<string, RateLimiterMemory>();

  async take(key: string, points: number, windowMs: number): Promise<number> {
    try {
      await this.#limiter(points, windowMs).consume(key);
      return 0;
    } catch (refused) {
      if (refused instanceof RateLimiterRes) return Math.max(1, refused.msBeforeNext);
      throw refused;
    }
  }

  #limiter(points: number, windowMs: number): RateLimiterMemory {
    const kind = `${points}/${windowMs}`;
    const limiter = this.#limiters.get(kind) ?? new RateLimiterMemory({ points, duration: windowMs / 1000 });
    this.#limiters.set(kind, limiter);
    return limiter;
  }
}
