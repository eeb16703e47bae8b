/** How a log's meta lies in its hash: what scripts work with as plain text, all else as JSON text, a field each. */
import type { SessionSettings } from '../../protocol/wire.ts';
import type { LogMeta, LogSeed, MetaPatch } from '../contracts.ts';

type Plain = 'sessionId' | 'logId' | 'head' | 'firstSeq' | 'storedThrough' | 'unsure';
type Json = Omit<LogMeta, Plain>;

/** Names and values for HSET. A field that is undefined is not there. */
export function metaFields(meta: MetaPatch | Json): string[] {
  return Object.entries(meta).flatMap(([name, value]) => (value === undefined ? [] : [name, JSON.stringify(value)]));
}

export function seedFields(seed: LogSeed): string[] {
  const { sessionId: _, logId, ...rest } = seed;
  return ['logId', logId, ...metaFields({ ...rest, run: null, deleted: false })];
}

/** The part of a whole meta that is JSON. */
export function jsonPart(meta: LogMeta): Json {
  const { sessionId: _, logId: _log, head: _head, firstSeq: _first, storedThrough: _stored, unsure: _unsure, ...rest } = meta;
  return rest;
}

/** `store`: id of the store it was read from. `fields`: names and values as HGETALL has them. `oldest`: seq of the oldest kept event, 0 when none is. */
export function toMeta(sessionId: string, store: string, fields: string[], oldest: number): LogMeta {
  const hash = new Map<string, string>();
  for (let i = 0; i + 1 < fields.length; i += 2) hash.set(fields[i] ?? '', fields[i + 1] ?? '');
  const text = (name: string): string => {
    const value = hash.get(name);
    if (value === undefined) throw new Error(`The log of session ${sessionId} has no ${name}.`);
    return value;
  };
  const json = <T>(name: keyof Json): T => JSON.parse(text(name)) as T;
  const head = Number(text('head'));
  const unsure = text('store') !== store || hash.has('unsure');
  return {
    sessionId,
    userId: json('userId'),
    title: json('title'),
    createdAt: json('createdAt'),
    updatedAt: json('updatedAt'),
    rev: json('rev'),
    nextPosition: json('nextPosition'),
    messageCount: json('messageCount'),
    tip: json('tip'),
    ...(hash.has('tipParent') && { tipParent: json<string | null>('tipParent') }),
    ...(hash.has('settings') && { settings: json<SessionSettings>('settings') }),
    ...(hash.has('pinned') && { pinned: json<boolean>('pinned') }),
    ...(hash.has('share') && { share: json<LogMeta['share']>('share') }),
    logId: text('logId'),
    head,
    firstSeq: oldest === 0 ? head + 1 : oldest,
    storedThrough: Number(text('stored')),
    run: json('run'),
    opsComplete: json('opsComplete'),
    deleted: json('deleted'),
    ...(unsure && { unsure }),
  };
}
