/**
 * Appends the batches of one session, each under one batch id until the store has taken it: an append whose answer was
 * lost is found, not repeated. While it waits, the session keeps what it has in memory.
 */
import type { AppendRequest, AppendResult } from '../backends/contracts.ts';
import type { AppendOutage } from './append-outage.ts';
import type { OwnerWorld } from './owner-settings.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 400;
/** One lost answer is no outage. */
const FAILURES_OF_AN_OUTAGE = 2;

export class Appender {
  readonly #world: OwnerWorld;
  readonly #outage: AppendOutage;
  #failures = 0;

  constructor(world: OwnerWorld, outage: AppendOutage) {
    this.#world = world;
    this.#outage = outage;
  }

  /** The store is known not to take what this session has to append. */
  get failing(): boolean {
    return this.#failures >= FAILURES_OF_AN_OUTAGE;
  }

  /** null: given up, after `appendPatienceMs` or because nobody wants it any more. */
  async append(request: AppendRequest, wanted: () => boolean): Promise<AppendResult | null> {
    const { sessionId } = request.lease;
    const result = await this.#tryUntil(request, wanted);
    this.#failures = 0;
    this.#outage.over(sessionId, result !== null);
    return result;
  }

  async #tryUntil(request: AppendRequest, wanted: () => boolean): Promise<AppendResult | null> {
    const { clock, settings, log } = this.#world;
    const giveUpAt = clock.now() + settings.appendPatienceMs;
    while (wanted()) {
      try {
        return await log.append(request);
      } catch (err) {
        this.#failures += 1;
        this.#outage.failed(request.lease.sessionId, request.lease.epoch, err);
      }
      const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failures - 1));
      if (clock.now() + pause > giveUpAt) return null;
      await new Promise<void>((resolve) => clock.after(pause, resolve));
    }
    return null;
  }
}
