/** The cluster's stores on a real Redis keep the contracts. */
import { settledStores } from '../support/cluster/redis-harness.ts';
import { describeWith } from '../support/servers/programs.ts';
import { testRedis } from '../support/servers/redis.ts';
import { auditOutboxContract } from './audit-outbox-contract.ts';
import { eventLogContract } from './event-log-contract.ts';
import { leaseStoreContract } from './lease-store-contract.ts';
import { quotasContract } from './quotas-contract.ts';
import { restoreContract } from './restore-contract.ts';

const OUTBOX_BYTES = 40_000;

describeWith(['redis-server'], 'on Redis', () => {
  let url: Promise<string> | undefined;
  const server = (): Promise<string> => (url ??= testRedis().then((redis) => redis.url));

  /** Two nodes' ways to the same stores. */
  async function twoNodes(outboxBytes = 64_000_000) {
    const over = { AUDIT_OUTBOX_BYTES: outboxBytes, NODE_TTL_MS: 2_000 };
    const [stores, second] = await Promise.all([settledStores(await server(), over), settledStores(await server(), over)]);
    const close = async (): Promise<void> => {
      await Promise.all([stores.close(), second.close()]);
    };
    return { ...stores, second, close };
  }

  leaseStoreContract('Redis', twoNodes);
  eventLogContract('Redis', twoNodes);
  restoreContract('Redis', twoNodes);
  auditOutboxContract('Redis', OUTBOX_BYTES, () => twoNodes(OUTBOX_BYTES));
  quotasContract('Redis', twoNodes);
});
