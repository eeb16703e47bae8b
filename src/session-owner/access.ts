/** Finds a session's log, or makes it again from history, and keeps everybody else's sessions out of sight. */
import type { LogMeta } from '../backends/contracts.ts';
import { chatError } from '../errors.ts';
import { LOG_ID_LENGTH } from '../protocol/limits.ts';
import type { OwnerWorld } from './owner-settings.ts';

export function noSuchSession(): Error {
  return chatError('not-found', 'There is no such session.');
}

/** The log of this user's session. Throws `not-found` for an unknown, deleted or foreign one: nobody learns which. */
export async function openLog(world: OwnerWorld, userId: string, sessionId: string): Promise<LogMeta> {
  const meta = (await world.log.meta(sessionId)) ?? (await fromHistory(world, sessionId));
  if (!meta || meta.deleted || meta.userId !== userId) throw noSuchSession();
  return meta;
}

/** A new session's log. Repeating it with the same id answers the first one. */
export async function createLog(world: OwnerWorld, userId: string, sessionId: string): Promise<LogMeta> {
  const now = new Date(world.clock.now()).toISOString();
  const seed = { sessionId, userId, title: '', createdAt: now, updatedAt: now, rev: 0, nextPosition: 1, messageCount: 0, tip: null };
  const meta = await world.log.create({ ...seed, logId: world.newId(LOG_ID_LENGTH), opsComplete: true });
  if (meta.deleted || meta.userId !== userId) throw noSuchSession();
  return meta;
}

/** The log expired long ago: history knows the session, and operations that are older than the new log. */
async function fromHistory(world: OwnerWorld, sessionId: string): Promise<LogMeta | null> {
  const known = await world.ports.history.session(sessionId);
  if (!known || known.deleted) return null;
  const { id: _, ...record } = known.record;
  return world.log.create({ ...record, sessionId, logId: world.newId(LOG_ID_LENGTH), opsComplete: false });
}
