/**
 * The receiving side of the fan-out: one connection with a channel for each room that has members here. It keeps the
 * list of wanted channels itself: while Redis is away joins and leaves only change the list, and a new connection
 * subscribes to what is wanted then. ioredis' own queue would grow with each of them.
 */
import type { Redis } from 'ioredis';
import { every, type Clock } from '../../clock.ts';
import { chatError } from '../../errors.ts';
import { connectRedis, disconnect, reconnect } from './redis-connection.ts';

/** Channels in one SSUBSCRIBE. */
const AT_ONCE = 500;
const RETRY_AFTER_MS = 500;

type BufferListener = (channel: Buffer, message: Buffer) => void;

export class FanOutSubscriber {
  readonly #redis: Redis;
  readonly #wanted = new Set<string>();
  readonly #stopWatching: () => void;
  readonly #restored: () => void;
  #ping: Promise<unknown> | null = null;
  #isFirst = true;
  #isListening = false;

  /** `restored`: the connection was lost, and every wanted channel is subscribed again. */
  constructor(url: string, timeoutMs: number, clock: Clock, restored: () => void) {
    this.#restored = restored;
    // Nothing waits in a queue, and what is subscribed again is decided here.
    this.#redis = connectRedis(url, { name: 'fan-out-sub', purpose: 'append', timeoutMs, more: { autoResubscribe: false } });
    this.#redis.on('ready', () => void this.#restore());
    this.#redis.on('close', () => (this.#isListening = false));
    // A half-open connection shows only when it is asked.
    this.#stopWatching = every(clock, () => timeoutMs, () => this.#watch());
  }

  /** What the adapter needs of a client. It never rejects: the adapter would leave that unhandled. */
  readonly client = {
    on: (event: 'smessageBuffer', listener: BufferListener): void => void this.#redis.on(event, listener),
    ssubscribe: (channel: string): void => {
      this.#wanted.add(channel);
      this.#say(() => this.#redis.ssubscribe(channel));
    },
    sunsubscribe: (channel: string): void => {
      this.#wanted.delete(channel);
      this.#say(() => this.#redis.sunsubscribe(channel));
    },
  };

  /** Resolves with the first connection; before it is ready nothing may be subscribed, or ioredis' ready check fails. */
  ready(): Promise<void> {
    if (this.#isListening) return Promise.resolve();
    return new Promise((resolve) => void this.#redis.once('ready', () => resolve()));
  }

  /**
   * Resolves when everything subscribed to before is in force: an answer on this connection comes after the answers to
   * those. Rejects with `unavailable` without a connection or an answer in time.
   */
  async joined(): Promise<void> {
    try {
      if (!this.#isListening) throw new Error('not connected');
      await this.#nextPing();
      if (!this.#isListening) throw new Error('connection lost meanwhile');
    } catch {
      throw chatError('unavailable', 'The server cannot follow this session right now. Try again.', RETRY_AFTER_MS);
    }
  }

  async close(): Promise<void> {
    this.#stopWatching();
    this.#wanted.clear();
    await disconnect(this.#redis);
  }

  /** One for all that joined in this turn; it leaves after their subscriptions. */
  #nextPing(): Promise<unknown> {
    this.#ping ??= Promise.resolve().then(() => {
      this.#ping = null;
      return this.#redis.ping();
    });
    return this.#ping;
  }

  /** A subscription that failed is made again with the next connection. */
  #say(send: () => Promise<unknown>): void {
    if (this.#redis.status === 'ready') send().catch(() => reconnect(this.#redis));
  }

  async #restore(): Promise<void> {
    const channels = [...this.#wanted];
    const wasFirst = this.#isFirst;
    this.#isFirst = false;
    try {
      const sent = [];
      for (let i = 0; i < channels.length; i += AT_ONCE) sent.push(this.#redis.ssubscribe(...channels.slice(i, i + AT_ONCE)));
      await Promise.all(sent);
    } catch {
      reconnect(this.#redis);
      return;
    }
    if (this.#redis.status !== 'ready') return;
    this.#isListening = true;
    if (!wasFirst) this.#restored();
  }

  async #watch(): Promise<void> {
    if (!this.#isListening) return;
    await this.#redis.ping().catch(() => reconnect(this.#redis));
  }
}
