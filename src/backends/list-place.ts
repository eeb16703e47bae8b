/** The place in a user's session list: (updatedAt, id) of the last session shown, opaque to clients. */
import { z } from 'zod';
import { chatError } from '../errors.ts';
import type { SessionRecord } from '../protocol/broker.ts';

const placeSchema = z.tuple([z.string(), z.string()]);

export function encodePlace(last: SessionRecord): string {
  return Buffer.from(JSON.stringify([last.updatedAt, last.id])).toString('base64url');
}

/** Throws `invalid` for what `encodePlace` never made. */
export function decodePlace(before: string): [updatedAt: string, id: string] {
  try {
    return placeSchema.parse(JSON.parse(Buffer.from(before, 'base64url').toString()));
  } catch {
    throw chatError('invalid', 'before: is not a place this list gave; leave it out to begin with the newest session');
  }
}
