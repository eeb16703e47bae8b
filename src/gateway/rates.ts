/** How often one may do something on this node; what counts across nodes is in the quotas of the backends. */
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Clock } from '../clock.ts';

const WINDOW_MS = 1_000;
/** A socket this many times past its rate is not a hasty client but a flood. */
const FLOOD = 10;

/** Frames of one socket: a fixed window of one second, so that a socket costs two numbers. */
export class FrameRate {
  readonly #limit: number;
  readonly #clock: Clock;
  #since = 0;
  #count = 0;

  constructor(limit: number, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** Counts one frame. `waitMs` 0: go on; otherwise refuse it, and when `isFlood` cut the socket. */
  take(): { waitMs: number; isFlood: boolean; isFirstRefusal: boolean } {
    const now = this.#clock.now();
    if (now - this.#since >= WINDOW_MS || now < this.#since) {
      this.#since = now;
      this.#count = 0;
    }
    this.#count += 1;
    const waitMs = this.#count > this.#limit ? Math.max(1, this.#since + WINDOW_MS - now) : 0;
    return { waitMs, isFlood: this.#count > this.#limit * FLOOD, isFirstRefusal: this.#count === this.#limit + 1 };
  }
}

/** What clients do wrong is worth a line, but they must not decide how long the log and the audit grow. */
export interface LineRate {
  /** Whether one more line about this key (an address, a user) may be written: a few a minute, and not many of all keys. */
  take(key: string): Promise<boolean>;
}

export const LINES_PER_KEY = 10;
export const LINES_IN_ALL = 300;

export function createLineRate(): LineRate {
  const duration = 60;
  const perKey = new RateLimiterMemory({ points: LINES_PER_KEY, duration });
  const inAll = new RateLimiterMemory({ points: LINES_IN_ALL, duration });
  return {
    take: async (key) => (await isLeft(perKey, key)) && (await isLeft(inAll, 'all')),
  };
}

/** The limiter rejects with its state, not with an error, when nothing is left. */
async function isLeft(limiter: RateLimiterMemory, key: string): Promise<boolean> {
  return limiter.consume(key).then(
    () => true,
    () => false,
  );
}
