/** The settings of `src/config.ts` that the actor and its node use, and what is injected into them. */
import type { AuditOutbox, EventLog, FileStore, LeaseStore, Presence } from '../backends/contracts.ts';
import type { Clock, Random } from '../clock.ts';
import type { Config } from '../config.ts';
import type { OwnerPorts } from './ports.ts';

export type OwnerSettings = Pick<
  Config,
  | 'ACK_MS'
  | 'ACTOR_IDLE_MS'
  | 'ALIVE_MS'
  | 'ACCUMULATED_INTERVAL_MS'
  | 'ACCUMULATED_WATCH_MS'
  | 'AI_FIRST_TOKEN_MS'
  | 'AI_GENERATE_ATTEMPTS'
  | 'AI_PROMPT_TOKENS'
  | 'AI_VISION'
  | 'AUDIT'
  | 'AUDIT_DELTAS'
  | 'FILES_UNUSED_MS'
  | 'STORE_RETRY_MS'
  | 'SWEEP_MS'
  | 'appendPatienceMs'
  | 'continuation'
>;

/** The world of one node's owner: everything it touches. */
export interface OwnerWorld {
  nodeId: string;
  settings: OwnerSettings;
  log: EventLog;
  leases: LeaseStore;
  files: FileStore;
  presence: Presence;
  outbox: Pick<AuditOutbox, 'add'>;
  ports: OwnerPorts;
  clock: Clock;
  random: Random;
  newId(length: number): string;
}
