/** A session-owner on real Redis stores; its history is in memory and lives through everything. */
import type { RedisStores } from '../../../src/backends/cluster/redis-stores.ts';
import { systemClock } from '../../../src/clock.ts';
import { loadConfig } from '../../../src/config.ts';
import { randomId } from '../../../src/ids.ts';
import { OwnerNode } from '../../../src/session-owner/owner-node.ts';
import type { MemoryWorld } from '../fakes/memory-backends.ts';
import { CLUSTER_ENV } from '../owner-cluster.ts';
import { recordingPorts } from '../owner-harness.ts';
import { FakePresence } from './redis-harness.ts';

export async function ownerOnRedis({ log, leases, outbox }: RedisStores, world: MemoryWorld, ttlMs: number) {
  const { history, files } = world.backends();
  const seen = recordingPorts({ history });
  const settings = loadConfig({ ...CLUSTER_ENV, NODE_TTL_MS: String(ttlMs) });
  const node = new OwnerNode({ nodeId: `node-${randomId(8)}`, settings, log, leases, files, outbox, presence: new FakePresence(), ports: seen.ports, clock: systemClock, random: Math.random, newId: randomId });
  await node.start();
  return { ...seen, node, history };
}
