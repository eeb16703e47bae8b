/** The embedded store on a real folder keeps the contracts. */
import { openEmbedded } from '../../src/backends/embedded/embedded-backends.ts';
import { embeddedSettings, tempFolder } from '../support/embedded-folder.ts';
import { auditOutboxContract } from './audit-outbox-contract.ts';
import { eventLogContract } from './event-log-contract.ts';
import { eventLogExpiryContract } from './event-log-expiry-contract.ts';
import { fileStoreContract } from './file-store-contract.ts';
import { historyStoreContract } from './history-store-contract.ts';
import { leaseStoreContract } from './lease-store-contract.ts';
import { quotasContract } from './quotas-contract.ts';

const retention = { events: 300_000, wholeLogs: 604_800_000, emptyLogs: 86_400_000 };
const OUTBOX_BYTES = 40_000;

async function store(outboxBytes = 64_000_000) {
  const folder = tempFolder();
  const backends = openEmbedded({
    ...embeddedSettings(folder.path),
    AUDIT_OUTBOX_BYTES: outboxBytes,
    LOG_RETENTION_MS: retention.events,
    LOG_META_MS: retention.wholeLogs,
    LOG_EMPTY_MS: retention.emptyLogs,
  });
  const close = async (): Promise<void> => {
    await backends.close();
    folder.remove();
  };
  return { ...backends, close };
}

leaseStoreContract('embedded', store);
eventLogContract('embedded', store);
eventLogExpiryContract('embedded', retention, store);
historyStoreContract('embedded', store);
fileStoreContract('embedded', store);
auditOutboxContract('embedded', OUTBOX_BYTES, () => store(OUTBOX_BYTES));
quotasContract('embedded', store);
