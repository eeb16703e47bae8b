/** Stores of several nodes on one real Redis. */
import type { Presence } from '../../../src/backends/contracts.ts';
import { openRedisStores, type RedisSettings, type RedisStores, type RedisStoresDeps } from '../../../src/backends/cluster/redis-stores.ts';
import { randomId } from '../../../src/ids.ts';
import { until } from '../until.ts';

const DAY = 86_400_000;

export function redisSettings(url: string, over: Partial<RedisSettings> = {}): RedisSettings {
  return {
    REDIS_URL: url,
    APPEND_TIMEOUT_MS: 1_000,
    NODE_TTL_MS: 1_000,
    LOCK_MS: 600_000,
    LOG_META_MS: 7 * DAY,
    LOG_EMPTY_MS: DAY,
    LOG_RETENTION_MS: 300_000,
    AUDIT: 'on',
    AUDIT_OUTBOX_BYTES: 64_000_000,
    ...over,
  };
}

/** Nobody ever goes, unless the test says so. */
export class FakePresence implements Presence {
  readonly gone = new Set<string>();
  readonly #listeners = new Set<(nodeId: string) => void>();

  async isGone(nodeId: string): Promise<boolean> {
    return this.gone.has(nodeId);
  }

  onGone(listener: (nodeId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  go(nodeId: string): void {
    this.gone.add(nodeId);
    for (const listener of this.#listeners) listener(nodeId);
  }
}

export function openStores(url: string, over: Partial<RedisSettings> = {}, deps: Partial<RedisStoresDeps> = {}): Promise<RedisStores> {
  return openRedisStores(redisSettings(url, over), { presence: new FakePresence(), loopback: async () => {}, ...deps });
}

export async function settledStores(url: string, over: Partial<RedisSettings> = {}, deps: Partial<RedisStoresDeps> = {}): Promise<RedisStores> {
  const stores = await openStores(url, over, deps);
  await until('the store to settle', () => stores.settled(), 10_000);
  return stores;
}

export interface CountingNode {
  nodeId: string;
  lost: number;
  storeLost: number;
}

/** A node that counts what it is told. */
export async function joinedAs(stores: Pick<RedisStores, 'leases'>, nodeId = `node-${randomId(8)}`): Promise<CountingNode> {
  const node: CountingNode = { nodeId, lost: 0, storeLost: 0 };
  await stores.leases.join(nodeId, { lost: () => (node.lost += 1), storeLost: () => (node.storeLost += 1) });
  return node;
}

/** Refused, to be tried again: what users of the stores get while it is not certain what Redis has. */
export async function rejectsUnavailable(call: Promise<unknown>): Promise<void> {
  await expect(call).rejects.toMatchObject({ type: 'unavailable' });
}
