/** The Lua scripts: one operation each, whole or not at all. Their files say what goes in and what comes out. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Redis } from 'ioredis';

/** Its number of keys stands at the end of the file's name. */
const FILES = {
  acknowledge: 'acknowledge-8',
  append: 'append-10',
  bury: 'bury-1',
  claim: 'claim-8',
  create: 'create-5',
  deadNodes: 'dead-nodes-1',
  findOp: 'find-op-2',
  findUnowned: 'find-unowned-2',
  identify: 'identify-3',
  join: 'join-3',
  outboxAdd: 'outbox-add-3',
  outboxPeek: 'outbox-peek-2',
  outboxRemove: 'outbox-remove-3',
  read: 'read-4',
  reap: 'reap-5',
  release: 'release-4',
  renew: 'renew-2',
  restore: 'restore-12',
  take: 'take-1',
  unowned: 'unowned-3',
  watch: 'watch-1',
} as const;
export type ScriptName = keyof typeof FILES;

/** What the scripts say when the store is not the one the caller knew, or may have lost writes. */
export const OTHER_STORE = -3;
/** And when they cannot tell, or must not act, before a time that comes with it. */
export const NOT_NOW = -4;

interface Script {
  lua: string;
  sha: string;
}

const folder = join(dirname(fileURLToPath(import.meta.url)), 'lua');
const loaded = new Map<ScriptName, Script>();

function load(name: ScriptName): Script {
  const known = loaded.get(name);
  if (known) return known;
  const source = readFileSync(join(folder, `${FILES[name]}.lua`), 'utf8');
  const lua = source.replaceAll(/^-- @include ([\w-]+)$/gm, (_, part: string) => readFileSync(join(folder, 'include', `${part}.lua`), 'utf8'));
  const script = { lua, sha: createHash('sha1').update(lua).digest('hex') };
  loaded.set(name, script);
  return script;
}

/** Runs a script on this connection; what it answers is described in its file. A server that does not know it yet gets its text. */
export async function runScript(client: Redis, name: ScriptName, keys: string[], args: (string | number)[]): Promise<unknown> {
  const { lua, sha } = load(name);
  if (!FILES[name].endsWith(`-${keys.length}`)) throw new Error(`The script ${FILES[name]} got ${keys.length} keys.`);
  try {
    return await client.evalsha(sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
    // It did nothing, so this is not a repeat.
    return client.eval(lua, keys.length, ...keys, ...args);
  }
}
