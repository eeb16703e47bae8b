/**
 * The sending side of the fan-out. Publishing never waits and never fails: the adapter delivers to local sockets only
 * after it, and they must get their frames whatever Redis does. While Redis is away, or does not keep up, frames are
 * dropped, never kept for later: clients drop what they have, open again at a hole, and a frame that comes late helps
 * nobody. When all is well again the other gateways are told that frames of this one are missing.
 */
import type { Redis } from 'ioredis';
import { every, type Clock } from '../../clock.ts';
import { gatherWrites } from './gather-writes.ts';
import { connectRedis, disconnect, reconnect } from './redis-connection.ts';

export interface PublisherOptions {
  url: string;
  timeoutMs: number;
  /** Bytes on their way to Redis; past it frames are dropped. */
  maxBytes: number;
  /** Where the others hear that frames of this gateway are missing, and as whose. */
  lossChannel: string;
  id: string;
}

export class FanOutPublisher {
  readonly #redis: Redis;
  readonly #options: PublisherOptions;
  readonly #stopWatching: () => void;
  #bytes = 0;
  #hasLost = false;
  /** Frames that were not sent, or of which nobody knows whether they were. */
  lost = 0;

  constructor(options: PublisherOptions, clock: Clock) {
    const { url, timeoutMs } = options;
    this.#options = options;
    // A timer for each frame would cost more than the frame; the watch finds a connection that does not answer.
    this.#redis = connectRedis(url, { name: 'fan-out-pub', purpose: 'append', more: { commandTimeout: undefined } });
    this.#redis.on('ready', () => this.#tellLoss());
    this.#stopWatching = every(clock, () => timeoutMs, () => this.#watch());
  }

  /** Bytes that Redis has not acknowledged yet. */
  get pendingBytes(): number {
    return this.#bytes;
  }

  ready(): Promise<void> {
    if (this.#redis.status === 'ready') return Promise.resolve();
    return new Promise((resolve) => void this.#redis.once('ready', () => resolve()));
  }

  /** What the adapter calls. Resolves at once with a number nobody reads. */
  spublish(channel: string, message: string | Buffer): Promise<number> {
    const size = Buffer.byteLength(message);
    if (this.#redis.status === 'ready' && this.#bytes + size <= this.#options.maxBytes) this.#send(channel, message, size);
    else this.#drop();
    return Promise.resolve(0);
  }

  async close(): Promise<void> {
    this.#stopWatching();
    await disconnect(this.#redis);
  }

  #send(channel: string, message: string | Buffer, size: number): void {
    this.#bytes += size;
    gatherWrites(this.#redis);
    this.#redis.spublish(channel, message).then(
      () => this.#settled(size),
      () => {
        this.#drop();
        this.#settled(size);
      },
    );
  }

  #settled(size: number): void {
    this.#bytes -= size;
    if (this.#hasLost && this.#bytes === 0) this.#tellLoss();
  }

  #drop(): void {
    this.lost += 1;
    this.#hasLost = true;
  }

  #tellLoss(): void {
    if (!this.#hasLost || this.#redis.status !== 'ready') return;
    this.#hasLost = false;
    const { lossChannel, id } = this.#options;
    this.#redis.spublish(lossChannel, id).catch(() => (this.#hasLost = true));
  }

  async #watch(): Promise<void> {
    if (this.#redis.status !== 'ready') return;
    const { timeoutMs } = this.#options;
    const limit = setTimeout(() => reconnect(this.#redis), timeoutMs);
    await this.#redis.ping().catch(() => undefined);
    clearTimeout(limit);
  }
}
