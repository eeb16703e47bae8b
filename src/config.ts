/**
 * Every setting: name, rule, default and meaning. The only reader of the environment; `.env.example` is
 * checked against this table by a test. Times are milliseconds.
 */
import { z } from 'zod';

const ms = (fallback: number) => z.coerce.number().int().min(1).max(2_147_483_647).default(fallback);
const count = (fallback: number, min = 1) => z.coerce.number().int().min(min).default(fallback);
const flag = (fallback: 'on' | 'off') => z.enum(['on', 'off', 'true', 'false']).default(fallback).transform((v) => v === 'on' || v === 'true');
const list = z.string().default('').transform((text) => text.split(',').map((part) => part.trim()).filter((part) => part !== ''));
const parsedUrl = (value: string): URL | null => (URL.canParse(value) ? new URL(value) : null);
/** An address with http: or https:. */
const webUrl = () => z.string().refine((value) => /^https?:$/.test(parsedUrl(value)?.protocol ?? ''), 'must be an address that begins with http:// or https://').optional();
const isOrigin = (value: string): boolean => value === '*' || parsedUrl(value)?.origin === value.replace(/\/$/, '');
const text = (fallback: string) => z.string().default(fallback);
const topic = (fallback: string) => z.string().regex(/^[A-Za-z0-9._-]{1,249}$/, 'must be 1 to 249 letters, digits, ".", "_" or "-"').default(fallback);

export const settings = {
  // where
  HOST: text('127.0.0.1').describe('Address to listen on. 0.0.0.0 opens it to the network.'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000).describe('Port to listen on; 0 picks a free one.'),
  PROBE_HOST: text('127.0.0.1').describe('Cluster: address of /health, /ready and /metrics on a node without a gateway.'),
  PROBE_PORT: z.coerce.number().int().min(0).max(65_535).default(0).describe('Cluster: port of those; 0 picks a free one.'),
  DATA_DIR: text('./data').describe('Folder of the embedded store. One process at a time.'),
  NODE_ID: z.string().regex(/^[A-Za-z0-9_-]{1,40}$/, 'must be 1 to 40 letters, digits, "-" or "_"').default('holdfast').describe('Prefix of this node\'s id; made unique per process start.'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info').describe('Lowest level that is logged.'),
  LOG_FORMAT: z.enum(['auto', 'json', 'pretty']).default('auto').describe('auto: pretty on a terminal, JSON lines otherwise.'),

  // cluster
  REDIS_URL: z.string().optional().describe('Set: this node is part of a cluster. Unset: everything in one process on SQLite.'),
  MONGO_URL: z.string().optional().describe('Cluster: where history is kept.'),
  MONGO_TIMEOUT_MS: ms(5_000).describe('Cluster: longest wait for one question to MongoDB.'),
  KAFKA_BROKERS: list.refine((brokers) => brokers.every((broker) => /^[^\s/]+:\d{1,5}$/.test(broker)), 'must be host:port, comma separated').describe('Cluster: host:port,… of the audit trail.'),
  KAFKA_CLIENT_ID: text('holdfast').describe('What the brokers call this installation in their logs and quotas.'),
  KAFKA_SSL: flag('off').describe('on: TLS to the brokers.'),
  KAFKA_SSL_CA_FILE: z.string().optional().describe('PEM file of the authority that signed the brokers\' certificates, when the system does not know it.'),
  KAFKA_SASL_MECHANISM: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).optional().describe('plain, scram-sha-256 or scram-sha-512: how this node logs in to the brokers. Unset: it does not.'),
  KAFKA_SASL_USERNAME: z.string().optional().describe('User name for KAFKA_SASL_MECHANISM.'),
  KAFKA_SASL_PASSWORD: z.string().optional().describe('Its password.'),
  KAFKA_AUDIT_TOPIC: topic('chat.audit').describe('Topic of the audit trail; created when it is not there.'),
  KAFKA_ANALYTICS_TOPIC: topic('chat.analytics').describe('Topic of one entry per reply, without text; created when it is not there.'),
  KAFKA_PARTITIONS: count(6).describe('Partitions of a topic that is created; a session stays in one.'),
  KAFKA_REPLICATION: count(0, 0).describe('Copies of a topic that is created; 0: what the brokers are set to.'),
  KAFKA_RETENTION_MS: z.coerce.number().int().min(-1).default(-1).describe('How long a topic that is created keeps its entries; -1: for good.'),
  KAFKA_MAX_MESSAGE_BYTES: count(8 * 1024 * 1024).describe('Largest entry a topic that is created takes, compressed.'),
  KAFKA_TIMEOUT_MS: ms(5_000).describe('Longest wait for Kafka before a delivery counts as failed.'),
  AUDIT: z.enum(['on', 'off']).default('on').describe('off: no audit trail at all.'),
  AUDIT_DELTAS: flag('off').describe('on: the audit also has every piece of streamed text.'),
  AUDIT_OUTBOX_BYTES: count(64 * 1024 * 1024).describe('Bound of the outbox; past it the oldest deltas go first, counted.'),
  AUDIT_BATCH: count(200).describe('Audit entries delivered at a time.'),
  AUDIT_DRAIN_MS: ms(1_000).describe('How often the outbox is looked at when it was empty.'),
  AUDIT_RETRY_MAX_MS: ms(30_000).describe('Longest pause before a failed delivery is tried again; it doubles up to this.'),

  // model
  AI_PROVIDER: z.enum(['demo', 'openai']).default('demo').describe('demo answers without any model; openai talks to any OpenAI-compatible server.'),
  OPENAI_BASE_URL: webUrl().describe('Address of the OpenAI-compatible server, with /v1.'),
  OPENAI_API_KEY: z.string().optional().describe('Its key.'),
  OPENAI_MODEL: text('gpt-4o-mini').describe('Its model.'),
  AI_MODELS: list.describe('Names of the models that people may choose from, comma separated, of those that the model server lists. Unset: all of them.'),
  AI_MODELS_CACHE_MS: ms(300_000).describe('How long the model server\'s list of models counts.'),
  AI_CONTINUATION: z.enum(['prefill', 'restart', 'stop']).optional().describe('How a killed answer goes on. Default: prefill for demo, else restart.'),
  AI_MAX_CONCURRENT: count(64).describe('Replies one ai node generates at a time.'),
  AI_FIRST_TOKEN_MS: ms(60_000).describe('Longest wait for the first token.'),
  AI_STALL_MS: ms(30_000).describe('Longest wait between two tokens.'),
  AI_MAX_REPLY_CHARS: count(1_000_000).describe('Longest reply, in UTF-16 units; a model that never ends is cut off there, as finish reason length.'),
  AI_RETRIES: count(2, 0).describe('Attempts again before the first token when the model server is busy or unreachable.'),
  AI_PROMPT_TOKENS: count(8_000).describe('Budget of the conversation sent to the model, in estimated tokens; whole messages, newest first. The system prompt comes on top.'),
  AI_VISION: flag('off').describe('on: the model reads images, so people may attach them.'),
  AI_SYSTEM_PROMPT: text('').describe('Said to the model before the conversation, unless the session has a system prompt of its own.'),
  AI_GENERATE_ATTEMPTS: count(5).describe('ai nodes tried for one reply before it fails.'),
  AI_RESEND_MS: ms(1_000).describe('Text that was not acknowledged is sent again this often.'),
  AI_ORPHAN_MS: ms(30_000).describe('A run nobody acknowledged for this long is ended, upstream too.'),
  DEMO_TOKENS_PER_SECOND: z.coerce.number().min(0).default(40).describe('Speed of the demo provider; 0 is as fast as possible.'),
  DEMO_TOKENS: count(0, 0).describe('Words of a demo answer; 0 lets the question decide.'),

  // who
  AUTH_GUESTS: flag('on').describe('on: anyone may chat under a guest token.'),
  AUTH_GUEST_TTL_MS: ms(24 * 3_600_000).describe('Life of a guest token.'),
  AUTH_GUEST_REFRESH_MS: ms(7 * 24 * 3_600_000).describe('How long after its end a guest token still gets a fresh one.'),
  AUTH_JWT_SECRET: z.string().min(32, 'must have at least 32 characters').optional().describe('HMAC secret of tokens, guests\' too. Unset: made once and kept in DATA_DIR; a cluster with guests needs it.'),
  AUTH_JWKS_URL: webUrl().describe('Keys of an identity provider whose tokens are accepted.'),
  AUTH_ISSUER: z.string().optional().describe('Required issuer of tokens that are not guests\'.'),
  AUTH_AUDIENCE: z.string().optional().describe('Required audience of tokens that are not guests\'.'),
  AUTH_SIGN_IN_URL: webUrl().describe('Where the app sends people to sign in when guests are off.'),
  ALLOWED_ORIGINS: list.refine((origins) => origins.every(isOrigin), 'must be * or origins like https://chat.example, comma separated').describe('Other origins whose pages may use this server, comma separated; * is any.'),
  TRUSTED_PROXIES: list.describe('Addresses of proxies whose X-Forwarded-For is believed, comma separated.'),

  SHARING: flag('on').describe('on: users may share sessions read-only, by an unguessable link. off: nobody may, and links that were made show nothing.'),

  // limits
  RATE_GUEST_TOKENS: count(20).describe('New guest users for one address in RATE_GUEST_WINDOW_MS.'),
  RATE_GUEST_WINDOW_MS: ms(60_000).describe('Window of RATE_GUEST_TOKENS.'),
  RATE_SENDS: count(60).describe('Messages of one user in RATE_SENDS_WINDOW_MS.'),
  RATE_SENDS_WINDOW_MS: ms(60_000).describe('Window of RATE_SENDS.'),
  RATE_SHARE_READS: count(120).describe('Pages of shared sessions read from one address in RATE_SHARE_WINDOW_MS.'),
  RATE_SHARE_WINDOW_MS: ms(60_000).describe('Window of RATE_SHARE_READS.'),
  RATE_FRAMES: count(100).describe('Frames one socket may send in a second.'),
  MAX_FRAME_BYTES: count(1_000_000).describe('Largest frame or HTTP body a client may send.'),
  FILE_MAX_BYTES: z.coerce.number().int().min(0).max(12_000_000).default(4_000_000).describe('Largest file a user may give to a chat; 0 takes none.'),
  FILES_USER_BYTES: count(200_000_000).describe('All files of one user together.'),
  FILES_UNUSED_MS: ms(24 * 3_600_000).describe('A file that was uploaded and not sent with a message goes after this.'),
  RATE_UPLOADS: count(30).describe('Files one user may upload in RATE_UPLOADS_WINDOW_MS.'),
  RATE_UPLOADS_WINDOW_MS: ms(60_000).describe('Window of RATE_UPLOADS.'),
  MAX_SOCKET_BUFFER_BYTES: count(4_000_000).describe('A socket that has this much unread is cut; it can resume.'),
  PING_INTERVAL_MS: ms(10_000).describe('How often a gateway pings its sockets.'),
  PING_TIMEOUT_MS: ms(10_000).describe('How long it waits for the answer.'),
  FAN_OUT_TIMEOUT_MS: ms(1_000).describe('Cluster: longest wait until a gateway hears the frames of a session that is opened.'),
  FAN_OUT_BUFFER_BYTES: count(16 * 1024 * 1024).describe('Cluster: frames for other gateways that wait for Redis; past it they are dropped, and clients ask for them again.'),
  RESYNC_PER_SECOND: count(1_000).describe('Cluster: sockets of one gateway that open their sessions again in a second after frames may have been lost.'),

  // session
  LOCK_MS: ms(600_000).describe('Cluster: life of a session\'s lock, refreshed by appends.'),
  NODE_TTL_MS: ms(5_000).describe('Cluster: a node silent for this long is dead.'),
  BROKER_HEARTBEAT_MS: ms(1_000).describe('Cluster: how often a node tells the others what it offers.'),
  BROKER_HEARTBEAT_TIMEOUT_MS: ms(4_000).describe('Cluster: a node that did not for this long gets no calls any more.'),
  LOG_RETENTION_MS: ms(300_000).describe('Events that history has stay this long, for resumes.'),
  LOG_META_MS: ms(7 * 24 * 3_600_000).describe('A log\'s meta and its operations stay this long after the last append.'),
  LOG_EMPTY_MS: ms(24 * 3_600_000).describe('A session that was opened and never written to is forgotten after this.'),
  ACTOR_IDLE_MS: ms(60_000).describe('A session with nothing to do leaves memory after this.'),
  ALIVE_MS: ms(2_000).describe('While a reply is open and silent, clients hear that often that it is alive.'),
  ACK_MS: ms(250).describe('How often an owner acknowledges text to the ai nodes.'),
  APPEND_TIMEOUT_MS: ms(1_000).describe('Cluster: longest wait for one append.'),
  STORE_RETRY_MS: ms(1_000).describe('Pause before a failed store in history is tried again.'),
  SWEEP_MS: ms(500).describe('How often a node looks for sessions without an owner; jittered.'),
  ACCUMULATED_WATCH_MS: ms(60_000).describe('How long one request for whole texts lasts; gateways renew it.'),
  ACCUMULATED_INTERVAL_MS: ms(100).describe('Shortest time between two whole-text frames.'),
  REQUEST_TIMEOUT_MS: ms(10_000).describe('Longest wait for an answer of another service.'),
  DRAIN_MS: ms(10_000).describe('Longest time a node takes to stop.'),
} as const satisfies Record<string, z.ZodType>;

const schema = z.object(settings);
export type Config = Readonly<z.output<typeof schema>> & {
  readonly mode: 'embedded' | 'cluster';
  readonly continuation: 'prefill' | 'restart' | 'stop';
  /** How long an owner keeps a session in memory whose store does not take its append. */
  readonly appendPatienceMs: number;
};

/** A full disk stays full; a cluster's store comes back, and by two node TTLs it has said whether the lease still holds. */
const EMBEDDED_APPEND_PATIENCE_MS = 300;

/** What is wrong with the settings, a line each. */
export class ConfigError extends Error {
  readonly problems: string[];
  constructor(problems: string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** Reads and checks the settings once; an empty value counts as unset. Throws ConfigError naming each bad one. */
export function loadConfig(env: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(Object.keys(settings).map((name) => [name, env[name] === '' ? undefined : env[name]]));
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}${got(String(issue.path[0]), env)}`));
  }
  const mode = parsed.data.REDIS_URL === undefined ? 'embedded' : 'cluster';
  const problems = crossChecks(parsed.data, mode);
  if (problems.length > 0) throw new ConfigError(problems);
  const continuation = parsed.data.AI_CONTINUATION ?? (parsed.data.AI_PROVIDER === 'demo' ? 'prefill' : 'restart');
  const appendPatienceMs = mode === 'embedded' ? EMBEDDED_APPEND_PATIENCE_MS : 2 * parsed.data.NODE_TTL_MS;
  return Object.freeze({ ...parsed.data, mode, continuation, appendPatienceMs });
}

/** The value that was refused, unless it may be a secret. */
function got(name: string, env: Record<string, string | undefined>): string {
  return /SECRET|KEY|URL|PASSWORD/.test(name) ? '' : ` (got ${JSON.stringify(env[name])})`;
}

function crossChecks(config: z.output<typeof schema>, mode: 'embedded' | 'cluster'): string[] {
  const problems: string[] = [];
  if (mode === 'embedded') {
    if (config.MONGO_URL !== undefined) problems.push('MONGO_URL is set without REDIS_URL: a cluster needs both; unset it to run embedded');
    if (config.KAFKA_BROKERS.length > 0) problems.push('KAFKA_BROKERS is set without REDIS_URL: a cluster needs both; unset it to run embedded');
  } else {
    if (config.MONGO_URL === undefined) problems.push('REDIS_URL is set without MONGO_URL: a cluster keeps its history in MongoDB');
    if (config.KAFKA_BROKERS.length === 0 && config.AUDIT === 'on') problems.push('REDIS_URL is set without KAFKA_BROKERS: name the brokers, or set AUDIT=off');
    if (config.AUTH_JWT_SECRET === undefined && config.AUTH_GUESTS) problems.push('AUTH_JWT_SECRET is missing: the nodes of a cluster must share it, or set AUTH_GUESTS=off');
  }
  if (config.AI_PROVIDER === 'openai' && config.OPENAI_API_KEY === undefined && config.OPENAI_BASE_URL === undefined) {
    problems.push('AI_PROVIDER is openai, and neither OPENAI_API_KEY nor OPENAI_BASE_URL says which server to use');
  }
  if (!config.AUTH_GUESTS && mode === 'embedded' && config.AUTH_JWT_SECRET === undefined && config.AUTH_JWKS_URL === undefined) {
    problems.push('AUTH_GUESTS is off, and neither AUTH_JWT_SECRET nor AUTH_JWKS_URL lets anybody else in');
  }
  if (config.AUTH_JWKS_URL !== undefined && config.AUTH_ISSUER === undefined) problems.push('AUTH_JWKS_URL needs AUTH_ISSUER');
  const { KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD } = config;
  const login = [KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD].filter((part) => part !== undefined).length;
  if (login % 3 !== 0) problems.push('KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD belong together: set all three or none');
  if (config.KAFKA_SSL_CA_FILE !== undefined && !config.KAFKA_SSL) problems.push('KAFKA_SSL_CA_FILE is set, but KAFKA_SSL is off');
  return problems;
}
