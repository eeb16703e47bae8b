/** The connection to MongoDB: made in the background, kept for ever, and every question bounded in time. */
import mongoose, { type Connection, type ConnectOptions } from 'mongoose';
import type { Config } from '../../config.ts';
import { chatError } from '../../errors.ts';
import { TookTooLong, within } from '../../within.ts';
import { StartError } from '../../start-error.ts';

export type MongoSettings = Pick<Config, 'MONGO_URL' | 'MONGO_TIMEOUT_MS'>;

export interface MongoLink {
  readonly connection: Connection;
  /** Rejects with `unavailable` when the server is away, refuses, or does not answer in time; the outcome of a write is then unknown. */
  ask<T>(work: () => Promise<T>): Promise<T>;
  health(): Promise<{ ok: boolean; detail?: string }>;
  close(): Promise<void>;
}

const RETRY_MS = 500;
const CLOSE_MS = 2_000;

/** `prepare` runs once after connecting, again and again until it succeeds. Throws StartError for an address that is none. */
export function openMongo({ MONGO_URL: url = '', MONGO_TIMEOUT_MS: limitMs }: MongoSettings, prepare: (connection: Connection) => Promise<void>): MongoLink {
  checkUrl(url);
  const connection = mongoose.createConnection();
  const ended = new AbortController();
  let trouble: string | null = 'not connected yet';
  const ask = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await within(limitMs, 'asking MongoDB', work());
    } catch (error) {
      throw asUnavailable(error);
    }
  };

  const connecting = forEver(ended.signal, async () => {
    try {
      if (connection.readyState !== mongoose.ConnectionStates.connected) await connection.openUri(url, options(url, limitMs));
      trouble = 'the indexes are not made yet';
      await prepare(connection);
      trouble = null;
      return true;
    } catch (error) {
      if (connection.readyState !== mongoose.ConnectionStates.connected) trouble = reason(error);
      else trouble = `the indexes are not made yet: ${reason(error)}`;
      return false;
    }
  });

  return {
    connection,
    ask,
    async health() {
      try {
        await within(limitMs, 'asking MongoDB', Promise.resolve(connection.db?.command({ ping: 1 })));
        return trouble === null ? { ok: true } : { ok: false, detail: trouble };
      } catch (error) {
        return { ok: false, detail: reason(error) };
      }
    },
    async close() {
      ended.abort();
      // A server that does not answer must not hold the process up.
      await within(CLOSE_MS, 'leaving MongoDB', connection.close(true)).catch(() => {});
      await within(CLOSE_MS, 'leaving MongoDB', connecting).catch(() => {});
    },
  };
}

function options(url: string, limitMs: number): ConnectOptions {
  return {
    ...(/^[^/]*\/\/[^/]+\/[^?]/.test(url) ? {} : { dbName: 'holdfast' }),
    appName: 'holdfast',
    bufferCommands: false,
    autoIndex: false,
    autoCreate: false,
    // What was acknowledged survives the loss of a server, and a tombstone is seen by whoever reads after it.
    writeConcern: { w: 'majority', journal: true },
    readPreference: 'primary',
    // A node hears within a second that the server is away; who has long to wait may look at it for longer.
    serverSelectionTimeoutMS: Math.max(Math.min(1_000, limitMs), limitMs / 5),
    heartbeatFrequencyMS: 2_000,
    connectTimeoutMS: limitMs,
    socketTimeoutMS: limitMs,
    waitQueueTimeoutMS: limitMs,
  };
}

/** The driver's own message would show the password. */
function checkUrl(url: string): void {
  try {
    void new mongoose.mongo.MongoClient(url);
  } catch {
    throw new StartError('MONGO_URL is not an address of MongoDB: write mongodb://user:password@host:27017/holdfast, with special characters of the password as %XX.');
  }
}

async function forEver(ended: AbortSignal, attempt: () => Promise<boolean>): Promise<void> {
  while (!ended.aborted && !(await attempt())) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, RETRY_MS);
      ended.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
    });
  }
}

function asUnavailable(error: unknown): Error {
  const ofServer = error instanceof mongoose.mongo.MongoError || error instanceof mongoose.Error || error instanceof TookTooLong;
  if (!ofServer) return error instanceof Error ? error : new Error(String(error));
  return Object.assign(chatError('unavailable', 'The history cannot be reached right now. Try again.', 1_000), { cause: error });
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
