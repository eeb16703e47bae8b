/** Looks at the leases of some sessions all the time: their epochs may only grow. */
import type { Redis } from 'ioredis';
import type { Found } from '../exactness/recording.ts';

const LOOK_MS = 50;

export class EpochWatch {
  readonly found: Found[] = [];
  readonly #redis: Redis;
  readonly #sessions: string[];
  readonly #highest = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(redis: Redis, sessions: string[]) {
    [this.#redis, this.#sessions] = [redis, sessions];
    this.#timer = setInterval(() => void this.#look().catch(() => undefined), LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#redis.status !== 'ready' || this.#sessions.length === 0) return;
    const owners = await this.#redis.mget(this.#sessions.map((id) => `session:{${id}}:owner`));
    owners.forEach((owner, n) => {
      const id = this.#sessions[n]!;
      const epoch = Number(owner?.split('/').at(-1) ?? 0);
      const highest = this.#highest.get(id) ?? 0;
      if (owner !== null && epoch < highest) this.found.push({ kind: 'stale-write', at: Date.now(), detail: `${id} is owned under ${owner}, after epoch ${highest}` });
      this.#highest.set(id, Math.max(highest, epoch));
    });
  }
}
