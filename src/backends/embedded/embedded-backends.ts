/** All stores of one process on one SQLite file. */
import { randomBytes } from 'node:crypto';
import type { Backends } from '../contracts.ts';
import { systemClock, type Clock } from '../../clock.ts';
import type { Config } from '../../config.ts';
import { AuditTrail } from './audit-trail.ts';
import { EmbeddedLog } from './event-log.ts';
import { EmbeddedFiles } from './files.ts';
import { EmbeddedHistory } from './history.ts';
import { EmbeddedLeases } from './leases.ts';
import { openStore } from './open-store.ts';
import { EmbeddedOutbox } from './outbox.ts';
import { MemoryQuotas } from './quotas.ts';
import type { Sqlite } from './sqlite.ts';

export type EmbeddedSettings = Pick<
  Config,
  'DATA_DIR' | 'AUDIT' | 'AUDIT_OUTBOX_BYTES' | 'LOG_RETENTION_MS' | 'LOG_META_MS' | 'LOG_EMPTY_MS'
>;

/** Throws StartError when the store cannot be opened. */
export function openEmbedded(config: EmbeddedSettings, clock: Clock = systemClock): Backends {
  const { db, close } = openStore(config.DATA_DIR);
  const outbox = new EmbeddedOutbox(db, { on: config.AUDIT === 'on', maxBytes: config.AUDIT_OUTBOX_BYTES });
  const retention = { events: config.LOG_RETENTION_MS, wholeLogs: config.LOG_META_MS, emptyLogs: config.LOG_EMPTY_MS };
  return {
    mode: 'embedded',
    leases: new EmbeddedLeases(db),
    log: new EmbeddedLog(db, outbox, clock, retention),
    history: new EmbeddedHistory(db, clock),
    files: new EmbeddedFiles(db),
    outbox,
    sink: new AuditTrail(db),
    quotas: new MemoryQuotas(),
    presence: { isGone: async () => false, onGone: () => () => {} },
    network: { transporter: null },
    openFanOut: () => null,
    settled: async () => true,
    secret: async (name) => keptSecret(db, name),
    health: async () => ({ store: storeHealth(db) }),
    close: async () => close(),
  };
}

function keptSecret(db: Sqlite, name: string): string {
  const made = db.run('INSERT OR IGNORE INTO secrets VALUES (?, ?)', name, randomBytes(32).toString('base64url'));
  // Lost with the power, it would take everyone's tokens along.
  if (made > 0) db.flush();
  const row = db.get<{ value: string }>('SELECT value FROM secrets WHERE name = ?', name);
  if (!row) throw new Error(`The secret ${name} could not be kept.`);
  return row.value;
}

/** Reads; and after a write that failed (a full disk), whether writing works again. */
export function storeHealth(db: Sqlite): { ok: boolean; detail?: string } {
  try {
    db.get("SELECT value FROM counters WHERE name = 'epoch'");
    if (db.failure !== null) db.transaction(() => db.run("UPDATE counters SET value = value WHERE name = 'epoch'"));
    return { ok: true };
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}
