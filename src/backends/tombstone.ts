/** What is left of a removed session: whose it was and when; no title, no text, nothing that was set. */
import type { SessionRecord } from '../protocol/broker.ts';

/** `known`: what history has of it; null: nothing, and then its times are `now` (ms since 1970). */
export function tombstoneOf(removed: { id: string; userId: string; rev: number }, known: SessionRecord | null, now: number): SessionRecord {
  const at = new Date(now).toISOString();
  if (!known) return { ...removed, title: '', createdAt: at, updatedAt: at, messageCount: 0, nextPosition: 1, tip: null };
  const { settings: _said, pinned: _marked, share: _shared, ...record } = known;
  return { ...record, title: '', rev: Math.max(removed.rev, known.rev), messageCount: 0, tip: null };
}
