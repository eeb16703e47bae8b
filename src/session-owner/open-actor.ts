/** The way of a user's command to the session it is for. */
import { openLog } from './access.ts';
import type { SessionActor } from './actor.ts';
import type { SessionDirectory } from './directory.ts';
import type { OwnerWorld } from './owner-settings.ts';

/** The actor of this user's session, claimed by this node. Throws as `openLog` does. */
export async function openActor(world: OwnerWorld, directory: SessionDirectory, userId: string, sessionId: string): Promise<SessionActor> {
  await openLog(world, userId, sessionId);
  return directory.actor(sessionId);
}
