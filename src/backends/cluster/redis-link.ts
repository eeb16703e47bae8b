/**
 * A node's two connections to its Redis: one for writes that must not be repeated by themselves, one for the rest. What
 * goes wrong on them becomes the product's `unavailable`, quickly; a connection that does not answer is begun anew.
 */
import type { Redis } from 'ioredis';
import { chatError } from '../../errors.ts';
import { gatherWrites } from './gather-writes.ts';
import { connectRedis, disconnect, reconnect, type ConnectionLog } from './redis-connection.ts';
import { runScript, type ScriptName } from './scripts.ts';

/** Soonest a retry makes sense, in ms. */
const RETRY_MS = 250;
/** Answers of a Redis that is there and cannot write or serve right now: full, loading, on a broken disk, made a replica. */
const CANNOT_NOW = /^(OOM|LOADING|MISCONF|READONLY|BUSY|MASTERDOWN|NOREPLICAS)\b/;

export interface LinkSettings {
  url: string;
  appendTimeoutMs: number;
  log?: ConnectionLog;
}

export class RedisLink {
  /** Its commands are answered in order, never sent twice, and rejected at once while it is away. */
  readonly appends: Redis;
  readonly #ordinary: Redis;

  constructor({ url, appendTimeoutMs, log }: LinkSettings) {
    this.appends = connectRedis(url, { name: 'append', purpose: 'append', timeoutMs: appendTimeoutMs, log });
    // One that hears of outages is enough.
    this.#ordinary = connectRedis(url, { name: 'stores', purpose: 'ordinary' });
  }

  /** A write whose number and order matter. */
  async append(name: ScriptName, keys: string[], args: (string | number)[]): Promise<unknown> {
    gatherWrites(this.appends);
    return guarded(this.appends, () => runScript(this.appends, name, keys, args));
  }

  /** A read, or a write that may be repeated. */
  async run(name: ScriptName, keys: string[], args: (string | number)[]): Promise<unknown> {
    return this.ask((client) => runScript(client, name, keys, args));
  }

  /** As `run`, for plain commands. */
  async ask<T>(command: (client: Redis) => Promise<T>): Promise<T> {
    return guarded(this.#ordinary, () => command(this.#ordinary));
  }

  async close(): Promise<void> {
    await Promise.all([disconnect(this.appends), disconnect(this.#ordinary)]);
  }
}

export function storeAway(retryAfterMs = RETRY_MS): Error {
  return chatError('unavailable', 'The store cannot be reached right now. Try again.', retryAfterMs);
}

async function guarded<T>(client: Redis, command: () => Promise<T>): Promise<T> {
  try {
    return await command();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error.message === 'Command timed out') reconnect(client);
    // What the server itself refuses is a mistake of ours, unless it names its own trouble.
    if (error.name === 'ReplyError' && !CANNOT_NOW.test(error.message)) throw error;
    throw Object.assign(storeAway(), { cause: error });
  }
}
