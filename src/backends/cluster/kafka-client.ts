/** How this installation speaks to Kafka: addresses, TLS, login, patience. kafkajs itself writes nothing to the console. */
import { readFileSync } from 'node:fs';
import { Kafka, type KafkaConfig, logLevel, type SASLOptions } from 'kafkajs';
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';
import type { Config } from '../../config.ts';
import { chatError } from '../../errors.ts';
import { StartError } from '../../start-error.ts';

export type KafkaSettings = Pick<
  Config,
  | 'KAFKA_BROKERS'
  | 'KAFKA_CLIENT_ID'
  | 'KAFKA_SSL'
  | 'KAFKA_SSL_CA_FILE'
  | 'KAFKA_SASL_MECHANISM'
  | 'KAFKA_SASL_USERNAME'
  | 'KAFKA_SASL_PASSWORD'
  | 'KAFKA_AUDIT_TOPIC'
  | 'KAFKA_ANALYTICS_TOPIC'
  | 'KAFKA_PARTITIONS'
  | 'KAFKA_REPLICATION'
  | 'KAFKA_RETENTION_MS'
  | 'KAFKA_MAX_MESSAGE_BYTES'
  | 'KAFKA_TIMEOUT_MS'
>;

/** kafkajs sets a timer of -1 ms after each answer, and newer Nodes warn about each. It needs one only while requests wait. */
const schedule = RequestQueue.prototype.scheduleCheckPendingRequests;
RequestQueue.prototype.scheduleCheckPendingRequests = function scheduleWhenNeeded(this: RequestQueue): void {
  if (this.pending.length > 0) schedule.call(this);
};

/** A client that gives up soon: who waits tries again by itself. Throws StartError for a CA file that cannot be read. */
export function kafkaClient(settings: KafkaSettings): Kafka {
  const { KAFKA_BROKERS, KAFKA_CLIENT_ID, KAFKA_TIMEOUT_MS } = settings;
  return new Kafka({
    brokers: [...KAFKA_BROKERS],
    clientId: KAFKA_CLIENT_ID,
    ssl: tls(settings),
    sasl: login(settings),
    connectionTimeout: KAFKA_TIMEOUT_MS,
    authenticationTimeout: KAFKA_TIMEOUT_MS,
    requestTimeout: KAFKA_TIMEOUT_MS,
    retry: { retries: 2, initialRetryTime: 100, maxRetryTime: 1_000 },
    logLevel: logLevel.NOTHING,
  });
}

function tls({ KAFKA_SSL, KAFKA_SSL_CA_FILE: file }: KafkaSettings): KafkaConfig['ssl'] {
  if (!KAFKA_SSL || file === undefined) return KAFKA_SSL;
  try {
    return { ca: [readFileSync(file, 'utf8')] };
  } catch (error) {
    throw new StartError(`KAFKA_SSL_CA_FILE ${file} cannot be read (${reasonOf(error)})`);
  }
}

function login({ KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username = '', KAFKA_SASL_PASSWORD: password = '' }: KafkaSettings): SASLOptions | undefined {
  switch (mechanism) {
    case undefined:
      return undefined;
    case 'plain':
      return { mechanism, username, password };
    case 'scram-sha-256':
      return { mechanism, username, password };
    case 'scram-sha-512':
      return { mechanism, username, password };
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What a caller is told while Kafka cannot be used; the driver's error is its cause. */
export function kafkaAway(error: unknown): Error {
  const away = chatError('unavailable', `Kafka cannot be used (${reasonOf(error)}).`);
  away.cause = error;
  return away;
}

/** The broker's own word for what is wrong (`MESSAGE_TOO_LARGE`), however deep kafkajs wrapped it. */
export function brokerErrorType(error: unknown): string | null {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    if ('type' in at && typeof at.type === 'string') return at.type;
  }
  return null;
}
