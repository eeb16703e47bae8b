/**
 * A reply whose only copy was a log that the store lost, with nobody left who remembers it. History still names it: a
 * session's record is stored with its user's message, while the reply is open, and its `tip` is that reply. So a log
 * made from history whose tip history does not have stands for a reply that will never be finished, and it must end.
 *
 * Why not from the memory of a node that had to stop writing: another node may have gone on since and told history, so
 * such a memory would have to be merged with history, and would count on one process living through both faults. What
 * history names is enough for an end, and every node sees the same.
 *
 * Only the session's owner may end it, as its first append: who still remembers the reply restores it first, and then
 * no other node gets the session; once the session is claimed, the store refuses to restore it.
 */
import type { LogMeta } from '../backends/contracts.ts';
import type { Message } from '../protocol/wire.ts';
import type { OwnerWorld } from './owner-settings.ts';

/** Nothing was written since the log was made from history. */
function unwritten(meta: LogMeta): meta is LogMeta & { tip: string } {
  return meta.head === 0 && meta.tip !== null && !meta.deleted;
}

/** The newest messages lack the reply that the session ends with. A look only: its owner makes sure. */
export function seemsLost(meta: LogMeta, newest: Message[]): boolean {
  return unwritten(meta) && newest.every(({ id }) => id !== meta.tip);
}

/** The lost reply as it began, under the id and position it was accepted with; null: there is none. Rejects as history does. */
export async function lostReply(world: OwnerWorld, meta: LogMeta): Promise<Message | null> {
  if (!unwritten(meta)) return null;
  const { history } = world.ports;
  const { sessionId, tip: id, updatedAt: createdAt } = meta;
  if (await history.message(sessionId, id)) return null;
  const position = meta.nextPosition - 1;
  const { messages } = await history.page(sessionId, position, 1);
  return { id, sessionId, position, role: 'assistant', content: '', status: 'streaming', parentId: messages.at(-1)?.id ?? null, createdAt };
}
