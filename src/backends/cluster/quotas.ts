/** Counted in Redis, so that they hold across gateways. */
import type { Quotas } from '../contracts.ts';
import { quotaKey } from './redis-keys.ts';
import type { RedisLink } from './redis-link.ts';

export class RedisQuotas implements Quotas {
  readonly #link: RedisLink;

  constructor(link: RedisLink) {
    this.#link = link;
  }

  async take(key: string, points: number, windowMs: number): Promise<number> {
    return Number(await this.#link.run('take', [quotaKey(key, points, windowMs)], [points, windowMs]));
  }
}
