/**
 * The two Redis connections through which the broker of a node speaks: one sends and asks, one listens. They are made
 * once and reconnect by themselves for ever. The link is up only when both are ready and every topic is subscribed, so
 * whoever is told `up` really hears. Nothing waits for a connection and nothing is sent twice: what is sent while the
 * link is down rejects, and what was on its way when a connection broke rejects too (its outcome is unknown).
 */
import type { Redis } from 'ioredis';
import { gatherWrites } from './gather-writes.ts';
import { connectRedis, disconnect, reconnect, type ConnectionLog } from './redis-connection.ts';

export interface LinkListener {
  up(): void;
  down(): void;
  message(topic: string, data: Buffer): void;
}

export class BrokerLink {
  readonly #pub: Redis;
  readonly #sub: Redis;
  readonly #topics = new Set<string>();
  readonly #firstUp: Promise<void>;
  #markFirstUp: () => void = () => {};
  #listener: LinkListener | null = null;
  #log: ConnectionLog | null = null;
  #closing: Promise<unknown> | null = null;
  /** When it came up, on the clock that never jumps. */
  #upSince: number | null = null;
  /** Grows with everything that makes a subscription under way worthless. */
  #round = 0;

  constructor(url: string) {
    this.#firstUp = new Promise((resolve) => {
      this.#markFirstUp = resolve;
    });
    const log: ConnectionLog = {
      warn: (fields, text) => this.#log?.warn(fields, text),
      info: (fields, text) => this.#log?.info(fields, text),
    };
    this.#pub = connectRedis(url, { name: 'broker-pub', purpose: 'append', log });
    // Topics are subscribed by hand: ioredis would do it behind our back, and not say when it is done.
    this.#sub = connectRedis(url, { name: 'broker-sub', purpose: 'append', log, more: { autoResubscribe: false } });
    for (const client of [this.#pub, this.#sub]) {
      client.on('ready', () => void this.#refresh());
      client.on('close', () => this.#down());
    }
    this.#sub.on('messageBuffer', (topic: Buffer, data: Buffer) => this.#listener?.message(topic.toString(), data));
  }

  get up(): boolean {
    return this.#upSince !== null;
  }

  /** True once it has been up for that long without a break. */
  steadyFor(ms: number): boolean {
    return this.#upSince !== null && performance.now() - this.#upSince >= ms;
  }

  /** For questions and keys. Rejects at once while it is away. */
  get client(): Redis {
    return this.#pub;
  }

  async publish(topic: string, data: Buffer | string): Promise<void> {
    gatherWrites(this.#pub);
    await this.#pub.publish(topic, data);
  }

  /** Never rejects: topics that cannot be subscribed now are with the next connection, before the link is up again. */
  async subscribe(topics: string[]): Promise<void> {
    for (const topic of topics) this.#topics.add(topic);
    if (this.#sub.status !== 'ready') return;
    try {
      await this.#sub.subscribe(...topics);
    } catch {
      reconnect(this.#sub);
    }
  }

  whenUp(): Promise<void> {
    return this.#firstUp;
  }

  listen(listener: LinkListener | null): void {
    this.#listener = listener;
  }

  logTo(log: ConnectionLog): void {
    this.#log = log;
  }

  /** For a link that looks up and does not work. */
  reconnect(): void {
    reconnect(this.#pub);
    reconnect(this.#sub);
  }

  /** May be called again. */
  async close(): Promise<void> {
    this.#listener = null;
    this.#closing ??= Promise.all([disconnect(this.#pub), disconnect(this.#sub)]);
    await this.#closing;
  }

  async #refresh(): Promise<void> {
    if (this.#pub.status !== 'ready' || this.#sub.status !== 'ready') return;
    const round = ++this.#round;
    try {
      if (this.#topics.size > 0) await this.#sub.subscribe(...this.#topics);
    } catch (error) {
      if (round !== this.#round) return;
      this.#log?.warn({ err: error }, 'could not subscribe; trying again');
      return reconnect(this.#sub);
    }
    if (round !== this.#round) return;
    this.#upSince = performance.now();
    this.#markFirstUp();
    this.#listener?.up();
  }

  #down(): void {
    this.#round++;
    if (this.#upSince === null) return;
    this.#upSince = null;
    this.#listener?.down();
  }
}
