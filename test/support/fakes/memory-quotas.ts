import type { Quotas } from '../../../src/backends/contracts.ts';
import type { Clock } from '../../../src/clock.ts';

export class FakeQuotas implements Quotas {
  readonly #clock: Clock;
  readonly #windows = new Map<string, { taken: number; endsAt: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async take(key: string, points: number, windowMs: number): Promise<number> {
    const now = this.#clock.now();
    const open = this.#windows.get(key);
    const window = open && open.endsAt > now ? open : { taken: 0, endsAt: now + windowMs };
    this.#windows.set(key, window);
    if (window.taken >= points) return window.endsAt - now;
    window.taken += 1;
    return 0;
  }
}
