/** What the two audit tools share: their words, their settings and stores, and how they end. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import type { Backends } from '../src/backends/contracts.ts';
import { createBackends } from '../src/backends/create-backends.ts';
import { openTrail, type Trail } from '../src/backends/open-trail.ts';
import { ConfigError, loadConfig, type Config } from '../src/config.ts';

const OPEN_MS = 60_000;
const SAY_AFTER_MS = 3_000;
/** A server that is busy with what has just been said is no server that is away: a tool waits, where a node would go on. */
const MONGO_LIMIT_MS = 60_000;
const SESSION_ID = /^[A-Za-z0-9_-]{1,64}$/;

export const COULD_NOT_LOOK = 2;

/** Said to the person who started the tool; its exit code is COULD_NOT_LOOK. */
export class Unable extends Error {}

export type Words = Record<string, string | boolean | undefined>;

/** Ends the process with the code that `work` answers; `--help` shows the usage. Nothing but the result goes to stdout. */
export async function runTool(usage: string, options: NonNullable<ParseArgsConfig['options']>, work: (words: Words) => Promise<number>): Promise<never> {
  let code: number;
  try {
    const words = wordsOf(usage, { ...options, help: { type: 'boolean', short: 'h' } });
    code = words['help'] === true ? helped(usage) : await work(words);
  } catch (error) {
    say(error instanceof ConfigError ? error.problems.join('\n') : error instanceof Error ? error.message : String(error));
    code = COULD_NOT_LOOK;
  }
  // Drivers may still be trying to reach a server that is away. A pipe is written first.
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  process.exit(code);
}

function helped(usage: string): number {
  process.stdout.write(`${usage}\n`);
  return 0;
}

function wordsOf(usage: string, options: NonNullable<ParseArgsConfig['options']>): Words {
  try {
    return parseArgs({ options, strict: true }).values as Words;
  } catch (error) {
    throw new Unable(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  }
}

export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

export function sessionIdIn(words: Words, usage: string): string {
  const { session } = words;
  if (typeof session !== 'string' || !SESSION_ID.test(session)) throw new Unable(usage);
  return session;
}

/** Opens the stores that the settings name, for looking only, and waits until all of them answer. */
export async function withBackends<T>(look: (backends: Backends) => Promise<T>): Promise<T> {
  const backends = await opened(createBackends(audited()));
  try {
    await allUp(backends);
    return await look(backends);
  } finally {
    await backends.close();
  }
}

/** Opens the audit trail and nothing else. */
export async function withTrail<T>(look: (trail: Trail) => Promise<T>): Promise<T> {
  const trail = await openTrail(audited());
  try {
    return await look(trail);
  } finally {
    await trail.close();
  }
}

function audited(): Config {
  const config = loadConfig(process.env);
  if (config.AUDIT === 'off') throw new Unable('AUDIT is off: there is no audit trail to read');
  return { ...config, MONGO_TIMEOUT_MS: Math.max(config.MONGO_TIMEOUT_MS, MONGO_LIMIT_MS) };
}

/** They connect by themselves; until then every question would be refused. */
async function allUp(backends: Backends): Promise<void> {
  const began = Date.now();
  const until = began + OPEN_MS;
  let said = false;
  for (;;) {
    const away = Object.entries(await backends.health()).filter(([, { ok }]) => !ok);
    if (away.length === 0) return;
    if (Date.now() > until) throw new Unable(away.map(([name, { detail }]) => `${name} cannot be reached${detail === undefined ? '' : `: ${detail}`}`).join('\n'));
    if (!said && Date.now() - began > SAY_AFTER_MS) {
      say(`waiting for ${away.map(([name]) => name).join(', ')} …`);
      said = true;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function opened(opening: Promise<Backends>): Promise<Backends> {
  const late = new Promise<never>((_resolve, reject) => {
    setTimeout(() => reject(new Unable(`the stores did not open within ${OPEN_MS / 1_000} s: is Redis reachable?`)), OPEN_MS).unref();
  });
  return Promise.race([opening, late]);
}

/** `read 1200 of 5000` on one line of a terminal, now and then elsewhere. */
export function progressTo(stream: NodeJS.WriteStream): (read: number, of: number) => void {
  let said = 0;
  return (read, of) => {
    const now = Date.now();
    if (read < of && now - said < (stream.isTTY ? 100 : 5_000)) return;
    said = now;
    stream.write(stream.isTTY ? `\rread ${read} of ${of} audit entries${read === of ? '\n' : ''}` : `read ${read} of ${of} audit entries\n`);
  };
}
