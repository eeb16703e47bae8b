/** Tells the log once that appends fail and once that they work again, however many sessions and tries an outage has. */
import type { Clock } from '../clock.ts';
import type { OwnerLogger } from './ports.ts';

export class AppendOutage {
  readonly #clock: Clock;
  readonly #logger: OwnerLogger;
  readonly #failing = new Set<string>();
  #since = 0;
  #sessions = 0;

  constructor(clock: Clock, logger: OwnerLogger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  failed(session: string, epoch: number, err: unknown): void {
    if (this.#failing.size === 0) {
      this.#since = this.#clock.now();
      this.#sessions = 0;
      this.#logger.warn({ err, session, epoch }, 'append failed; trying again');
    }
    if (!this.#failing.has(session)) this.#sessions += 1;
    this.#failing.add(session);
  }

  /** This session tries no more: its append went through (`worked`) or was given up. */
  over(session: string, worked: boolean): void {
    if (!this.#failing.delete(session) || this.#failing.size > 0 || !worked) return;
    this.#logger.info({ sessions: this.#sessions, ms: this.#clock.now() - this.#since }, 'appends work again');
  }
}
