/** Redis, MongoDB and Kafka of a chaos run: each can be stopped, killed, hung and started again with its data. */
import { readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startKafka } from '../../scripts/servers/kafka.ts';
import type { LocalServer } from '../../scripts/servers/local-server.ts';
import { startMongo } from '../../scripts/servers/mongo.ts';
import { startRedis } from '../../scripts/servers/redis.ts';
import { appendOnlyFile } from '../support/servers/append-only-file.ts';

const START = { redis: startRedis, mongo: startMongo, kafka: startKafka };
const EXEC = '*1\r\n$4\r\nEXEC\r\n';
export type ServerName = keyof typeof START;

export class Servers {
  readonly #servers: Record<ServerName, LocalServer>;
  /** Of our own, past every proxy. */
  readonly redis: Redis;

  static async start(folder: string): Promise<Servers> {
    const [redis, mongo, kafka] = await Promise.all([startRedis({ dir: join(folder, 'redis') }), startMongo({ dir: join(folder, 'mongo') }), startKafka({ dir: join(folder, 'kafka') })]);
    return new Servers({ redis, mongo, kafka });
  }

  private constructor(servers: Record<ServerName, LocalServer>) {
    this.#servers = servers;
    this.redis = new Redis(servers.redis.url, { retryStrategy: () => 50, maxRetriesPerRequest: null, commandTimeout: 5_000 });
    this.redis.on('error', () => {});
  }

  url(name: ServerName): string {
    return this.#servers[name].url;
  }

  port(name: ServerName): number {
    return this.#servers[name].port;
  }

  signal(name: ServerName, signal: NodeJS.Signals): void {
    this.#servers[name].kill(signal);
  }

  /** Ends it, and waits for that. */
  async end(name: ServerName, signal: NodeJS.Signals): Promise<void> {
    this.#servers[name].kill(signal);
    await this.#servers[name].exited;
  }

  /** The same server again, with its data. */
  async again(name: ServerName): Promise<void> {
    const { dir, port } = this.#servers[name];
    this.#servers[name] = await START[name]({ dir, port });
  }

  /**
   * Cuts the end off the file of a Redis that is down, as a crash of its machine may. Whole transactions: of one that
   * is torn Redis 7.0 keeps the beginning in its file, and plays it into what came after it at the start after next.
   */
  cutTail(bytes: number): number {
    const newest = appendOnlyFile(this.#servers.redis.dir);
    const file = readFileSync(newest);
    const end = file.lastIndexOf(EXEC, Math.max(0, file.length - bytes)) + EXEC.length;
    truncateSync(newest, Math.min(end, file.length));
    return file.length - end;
  }

  async stop(): Promise<void> {
    this.redis.disconnect();
    await Promise.all(Object.values(this.#servers).map(async (server) => {
      server.kill('SIGKILL');
      await server.exited;
    }));
  }
}
