/**
 * Connections to Redis, each with one purpose and a name (seen in CLIENT LIST). Every connection goes on trying for ever;
 * what a user of it sees meanwhile depends on the purpose. `rediss://` is TLS.
 */
import { Redis, type RedisOptions } from 'ioredis';

export type Purpose =
  /** Reads and writes that may be repeated: they wait a moment for a reconnect, then reject. */
  | 'ordinary'
  /** Writes whose order and number matter: nothing waits for a connection, nothing is sent a second time. */
  | 'append'
  /** Subscriptions: they wait for ever and are made again after each reconnect. */
  | 'subscriber';

export interface ConnectionLog {
  warn(fields: Record<string, unknown>, text: string): void;
  info(fields: Record<string, unknown>, text: string): void;
}

export interface ConnectionOptions {
  /** Shown as `holdfast:<name>`. */
  name: string;
  purpose: Purpose;
  /** Longest wait for one answer, in ms; absent: 2 s (subscribers: no limit). */
  timeoutMs?: number;
  /** Hears of each outage once, and of its end. */
  log?: ConnectionLog;
  /** For a user of the client that needs something else. */
  more?: Partial<RedisOptions>;
}

const TIMEOUT_MS = 2_000;
const CONNECT_MS = 3_000;
/** A Redis that loads its data answers the greeting too: not yet. */
const GREETING_MS = 3_000;

export function connectRedis(url: string, options: ConnectionOptions): Redis {
  const client = new Redis(url, {
    connectionName: `holdfast:${options.name}`,
    connectTimeout: CONNECT_MS,
    // ioredis would otherwise ask for the server's opinion of its own name and version.
    disableClientInfo: true,
    keepAlive: 5_000,
    // A server that hangs does not say goodbye either.
    disconnectTimeout: 500,
    noDelay: true,
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt - 1, 5), 1_000),
    ...byPurpose(options),
    ...options.more,
  });
  // Without a listener an error of the connection would end the process.
  reportOutages(client, options);
  limitGreeting(client);
  return client;
}

/**
 * A connection that breaks between its begin and its first answer shows to nobody: it is not ready, so no command is sent
 * that could time out, and ioredis waits for the greeting for ever. It is made anew.
 */
function limitGreeting(client: Redis): void {
  let timer: NodeJS.Timeout | undefined;
  client.on('connect', () => {
    clearTimeout(timer);
    const { stream } = client;
    timer = setTimeout(() => stream.destroy(), GREETING_MS).unref();
  });
  for (const event of ['ready', 'close', 'end']) client.on(event, () => clearTimeout(timer));
}

function byPurpose({ purpose, timeoutMs = TIMEOUT_MS }: ConnectionOptions): RedisOptions {
  switch (purpose) {
    case 'ordinary':
      return { commandTimeout: timeoutMs, maxRetriesPerRequest: 2 };
    case 'append':
      return { commandTimeout: timeoutMs, enableOfflineQueue: false, autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 };
    case 'subscriber':
      return { maxRetriesPerRequest: null };
  }
}

function reportOutages(client: Redis, { name, log }: ConnectionOptions): void {
  let away = false;
  client.on('error', (error: Error) => {
    if (!away) log?.warn({ connection: name, err: error }, 'Redis is away; trying again');
    away = true;
  });
  client.on('ready', () => {
    if (away) log?.info({ connection: name }, 'Redis is back');
    away = false;
  });
}

/**
 * Begins the connection anew at once. For one that does not answer: the other end may be gone without a sign, and
 * saying goodbye in order would wait for it.
 */
export function reconnect(client: Redis): void {
  if (client.status === 'ready') client.stream.destroy();
}

/** Ends the connection after what was sent is answered; at once when the server is away. */
export async function disconnect(client: Redis): Promise<void> {
  if (client.status !== 'ready') return client.disconnect();
  try {
    await client.quit();
  } catch {
    client.disconnect();
  }
}

/** `host:port` of an address, without user and password. Unreadable ones are not repeated. */
export function whereIs(url: string): string {
  if (!URL.canParse(url)) return 'the address in REDIS_URL';
  const { hostname, port } = new URL(url);
  return `${hostname || '127.0.0.1'}:${port || '6379'}`;
}
