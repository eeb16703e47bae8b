/** The in-memory fakes keep the contracts, so what is proved with them holds for the real stores. */
import { MemoryWorld } from '../support/fakes/memory-backends.ts';
import { auditOutboxContract } from './audit-outbox-contract.ts';
import { eventLogContract } from './event-log-contract.ts';
import { eventLogExpiryContract } from './event-log-expiry-contract.ts';
import { fileStoreContract } from './file-store-contract.ts';
import { historyStoreContract } from './history-store-contract.ts';
import { leaseStoreContract } from './lease-store-contract.ts';
import { quotasContract } from './quotas-contract.ts';
import { restoreContract } from './restore-contract.ts';

const retention = { events: 300_000, wholeLogs: 604_800_000, emptyLogs: 86_400_000 };
const OUTBOX_BYTES = 40_000;

/** Two nodes' ways to the same stores. */
async function twoNodes(outboxBytes = 64_000_000) {
  const world = new MemoryWorld({ retention, outboxBytes });
  return { ...world.backends(), second: world.backends() };
}

leaseStoreContract('memory', twoNodes);
eventLogContract('memory', twoNodes);
eventLogExpiryContract('memory', retention, twoNodes);
historyStoreContract('memory', twoNodes);
fileStoreContract('memory', twoNodes);
restoreContract('memory', twoNodes);
auditOutboxContract('memory', OUTBOX_BYTES, () => twoNodes(OUTBOX_BYTES));
quotasContract('memory', twoNodes);
