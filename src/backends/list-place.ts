/** Pages of a user's session list. The place in it is (pinned, updatedAt, id) of the last session shown, opaque to clients. */
import { z } from 'zod';
import { chatError } from '../errors.ts';
import type { SessionRecord } from '../protocol/broker.ts';
import type { HistoryStore } from './contracts.ts';

export type ListOptions = Parameters<HistoryStore['list']>[1];
export type SessionList = Awaited<ReturnType<HistoryStore['list']>>;
export type SearchOptions = Parameters<HistoryStore['search']>[1];
export type Found = Awaited<ReturnType<HistoryStore['search']>>;

export interface Place {
  updatedAt: string;
  id: string;
  pinned: boolean;
}
/** Above everything. */
export const TOP: Place = { updatedAt: '~', id: '', pinned: true };

const placeSchema = z.tuple([z.string(), z.string()]).rest(z.literal('pinned'));

function encodePlace({ updatedAt, id, pinned }: SessionRecord): string {
  return Buffer.from(JSON.stringify([updatedAt, id, ...(pinned ? ['pinned'] : [])])).toString('base64url');
}

/** Throws `invalid` for what `encodePlace` never made. */
export function decodePlace(before: string): Place {
  try {
    const [updatedAt, id, ...rest] = placeSchema.parse(JSON.parse(Buffer.from(before, 'base64url').toString()));
    return { updatedAt, id, pinned: rest.length > 0 };
  } catch {
    throw chatError('invalid', 'before: is not a place this list gave; leave it out to begin with the newest session');
  }
}

/** `found`: up to `limit + 1` records, newest first; the one too many says that there is more. */
export function pageOf(found: SessionRecord[], limit: number): SessionList {
  const sessions = found.slice(0, limit);
  const last = sessions.at(-1);
  const hasMore = found.length > limit;
  return hasMore && last ? { sessions, hasMore, before: encodePlace(last) } : { sessions, hasMore };
}
