/** The first look at Redis: waits until it is there, and refuses one that would lose chats. */
import type { Config } from '../../config.ts';
import { StartError } from '../../start-error.ts';
import { connectRedis, whereIs } from './redis-connection.ts';
import { spokenFirst } from './spoken-first.ts';

/** Between two tries, in ms. */
const RETRY_MS = 250;
/** The line that says what is waited for is repeated this often, in ms. */
const REPEAT_MS = 60_000;

/** Errors that waiting does not heal, and what to do about them. */
const FINAL: readonly (readonly [RegExp, string])[] = [
  [/WRONGPASS|NOAUTH|invalid password|invalid username-password/i, 'it does not accept the user or password of REDIS_URL: correct them'],
  [/protected mode/i, 'it is in protected mode and lets nobody in from another machine: give it a password (requirepass), and REDIS_URL the same'],
  [/NOPERM/i, 'the user of REDIS_URL may not do what is needed: give it all commands on all keys and channels'],
  [/self[- ]signed|certificate|altnames/i, 'its certificate is not trusted: set NODE_EXTRA_CA_CERTS to the file of its authority'],
  [/invalid DB index|DB index is out of range/i, 'the database number in REDIS_URL does not exist: correct it'],
];

/** It took the connection and ended it: perhaps with a word that was not heard. */
const HUNG_UP = /Connection is closed|EPIPE|ECONNRESET/;

export interface WaitOptions {
  /** Where lines for the operator go. */
  say?: (line: string) => void;
}

/** Resolves once Redis serves and is fit. Throws StartError when it never will be. Says nothing of user and password. */
export async function waitForRedis(config: Pick<Config, 'REDIS_URL'>, { say = toStderr }: WaitOptions = {}): Promise<void> {
  const url = checkedUrl(config.REDIS_URL);
  const where = whereIs(url);
  let saidAt = -Infinity;
  for (;;) {
    const answer = await firstLook(url);
    if (typeof answer === 'string') return judge(answer, where, say);
    const told = HUNG_UP.test(answer.message) ? await spokenFirst(url) : answer.message;
    const final = FINAL.find(([pattern]) => pattern.test(told));
    if (final) throw new StartError(`Redis at ${where}: ${final[1]}`);
    if (performance.now() - saidAt >= REPEAT_MS) {
      say(`holdfast: Redis at ${where} is not there yet (${shortly(answer)}); waiting`);
      saidAt = performance.now();
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

function checkedUrl(url: string | undefined): string {
  if (url !== undefined && URL.canParse(url) && /^rediss?:$/.test(new URL(url).protocol)) return url;
  throw new StartError('REDIS_URL must look like redis://host:6379, or rediss://host:6380 with TLS');
}

/** The server's own report, or why there is none. */
async function firstLook(url: string): Promise<string | Error> {
  const client = connectRedis(url, { name: 'first-look', purpose: 'append', more: { lazyConnect: true, retryStrategy: () => null } });
  let reason: Error | null = null;
  client.on('error', (error: Error) => (reason ??= error));
  try {
    await client.connect();
    const report = await client.info('everything');
    // A database number that does not exist is an event, too, and the connection then stays on number 0.
    return reason ?? report;
  } catch (error) {
    // ioredis rejects with "Connection is closed."; what was wrong came as an event.
    return reason ?? (error instanceof Error ? error : new Error(String(error)));
  } finally {
    client.disconnect();
  }
}

/** In a word or two. */
function shortly(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return code ?? error.message.split('\n', 1)[0]!.slice(0, 100);
}

function judge(report: string, where: string, say: (line: string) => void): void {
  const facts = new Map([...report.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name = '', value = '']) => [name, value]));
  const refuse = (problem: string): never => {
    throw new StartError(`Redis at ${where} ${problem}`);
  };
  const version = facts.get('redis_version') ?? '';
  if (!(Number.parseInt(version, 10) >= 7)) refuse(`is version ${version || 'unknown'}: version 7 or newer is needed`);
  if (facts.get('cluster_enabled') === '1') refuse('is a Redis Cluster: one standalone Redis is needed');
  if (facts.get('role') === 'slave') refuse('is a replica and cannot be written: REDIS_URL must name its master');
  const policy = facts.get('maxmemory_policy');
  if (policy !== 'noeviction') refuse(`has maxmemory-policy ${policy}, and would throw chats away when it is full: set it to noeviction`);
  if (facts.get('aof_enabled') !== '1') {
    say(`holdfast: Redis at ${where} has no append-only file: a restart of it loses what history does not have; set appendonly yes`);
  }
}

function toStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}
