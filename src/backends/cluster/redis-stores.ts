/** Everything of one node that is kept in Redis. */
import { randomBytes } from 'node:crypto';
import type { Config } from '../../config.ts';
import { StartError } from '../../start-error.ts';
import type { AuditOutbox, EventLog, LeaseStore, Presence, Quotas } from '../contracts.ts';
import { RedisLog } from './event-log.ts';
import { RedisLeases } from './leases.ts';
import { Liveness } from './liveness.ts';
import { RedisOutbox } from './outbox.ts';
import { RedisQuotas } from './quotas.ts';
import type { ConnectionLog } from './redis-connection.ts';
import { keys, secretKey } from './redis-keys.ts';
import { RedisLink } from './redis-link.ts';
import { StoreIdentity } from './store-identity.ts';

export type RedisSettings = Pick<
  Config,
  | 'REDIS_URL' | 'APPEND_TIMEOUT_MS' | 'NODE_TTL_MS' | 'LOCK_MS' | 'LOG_META_MS' | 'LOG_EMPTY_MS' | 'LOG_RETENTION_MS' | 'AUDIT' | 'AUDIT_OUTBOX_BYTES'
>;
export interface RedisStoresDeps {
  presence: Presence;
  /** Sends a message to this very node through the transporter; rejects when it does not come back. */
  loopback(): Promise<void>;
  /** Hears of outages. */
  log?: ConnectionLog;
}
export interface RedisStores {
  leases: LeaseStore;
  log: EventLog;
  outbox: AuditOutbox;
  quotas: Quotas;
  secret(name: string): Promise<string>;
  settled(): Promise<boolean>;
  health(): Promise<{ ok: boolean; detail?: string }>;
  close(): Promise<void>;
}

/** Resolves once Redis is there and it is known whether it is the one that was written to before. */
export async function openRedisStores(config: RedisSettings, deps: RedisStoresDeps): Promise<RedisStores> {
  if (config.REDIS_URL === undefined) throw new StartError('REDIS_URL is missing: a cluster needs it');
  const link = new RedisLink({ url: config.REDIS_URL, appendTimeoutMs: config.APPEND_TIMEOUT_MS, log: deps.log });
  const identity = new StoreIdentity(link, config.NODE_TTL_MS);
  await identity.found();
  const liveness = new Liveness({ link, identity, presence: deps.presence, loopback: () => deps.loopback(), ttlMs: config.NODE_TTL_MS });
  const outboxSettings = { on: config.AUDIT === 'on', maxBytes: config.AUDIT_OUTBOX_BYTES };
  const { LOCK_MS: lockMs, LOG_META_MS: metaMs, LOG_EMPTY_MS: emptyMs, LOG_RETENTION_MS: retentionMs } = config;
  return {
    leases: new RedisLeases({ link, identity, liveness, lockMs }),
    log: new RedisLog({ link, identity, liveness, settings: { lockMs, metaMs, emptyMs, retentionMs, outbox: outboxSettings } }),
    outbox: new RedisOutbox(link, outboxSettings),
    quotas: new RedisQuotas(link),
    secret: (name) => keptSecret(link, name),
    settled: () => isSettled(link, identity),
    health: () => health(link, identity),
    async close() {
      identity.close();
      await liveness.close();
      await link.close();
    },
  };
}

async function keptSecret(link: RedisLink, name: string): Promise<string> {
  const secret = await link.ask(async (client) => {
    await client.set(secretKey(name), randomBytes(32).toString('base64url'), 'NX');
    return client.get(secretKey(name));
  });
  if (secret === null) throw new Error(`The secret ${name} could not be kept.`);
  return secret;
}

async function isSettled(link: RedisLink, identity: StoreIdentity): Promise<boolean> {
  const known = identity.current;
  const [store, settling] = await link.ask((client) => client.mget(keys.store, keys.settling));
  if (store !== known) identity.doubt();
  return store === known && settling === null;
}

/** There, known, and able to write. */
async function health(link: RedisLink, identity: StoreIdentity): Promise<{ ok: boolean; detail?: string }> {
  try {
    void identity.current;
    // Refused by a Redis that is full or cannot write its file; gone at once otherwise.
    await link.ask((client) => client.set(keys.health, '', 'PX', 1));
    return { ok: true };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { ok: false, detail: cause instanceof Error ? cause.message : String(cause) };
  }
}
