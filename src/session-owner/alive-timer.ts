/** While a reply is open and nothing is sent, clients hear that it is alive, so that silence means trouble. */
import type { Clock } from '../clock.ts';

export class AliveTimer {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #beat: () => void;
  #sentAt = 0;
  #cancel: (() => void) | null = null;

  constructor(clock: Clock, intervalMs: number, beat: () => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#beat = beat;
  }

  /** Something was sent. `open`: a reply is (still) open. */
  sent(open: boolean): void {
    this.#sentAt = this.#clock.now();
    if (!open) this.stop();
    else if (!this.#cancel) this.#arm(this.#intervalMs);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  /** Frames only move `#sentAt`: a timer per frame would cost more than the frame. */
  #arm(ms: number): void {
    this.#cancel = this.#clock.after(ms, () => {
      const silent = this.#clock.now() - this.#sentAt;
      if (silent < this.#intervalMs) return this.#arm(this.#intervalMs - silent);
      this.#sentAt = this.#clock.now();
      this.#beat();
      this.#arm(this.#intervalMs);
    });
  }
}
