/**
 * What history has and a log lacks. Two logs can be behind history, both after the store lost data with nobody left who
 * remembers the session: one that was made from history, whose open reply was only in the lost log; and one that
 * survived without its newest appends (`LogMeta.unsure`), which history may have taken. Its owner brings it forward
 * before it serves anything: or positions would be given twice, and messages of history stay hidden above the log.
 *
 * An open reply that neither has will never be finished, and it must end. History names it: a session's record is stored
 * with its user's message, while the reply is open, and its `tip` is that reply.
 *
 * Why not from the memory of a node that had to stop writing: another node may have gone on since and told history, so
 * such a memory would have to be merged with history, and would count on one process living through both faults. What
 * history names is enough for an end, and every node sees the same.
 *
 * Only the session's owner may do it, as its first append: who still remembers the session restores it first, and then
 * no other node gets the session; once the session is claimed, the store refuses to restore it.
 */
import type { LogMeta } from '../backends/contracts.ts';
import type { SessionRecord } from '../protocol/broker.ts';
import type { Message } from '../protocol/wire.ts';
import { lostInOutage } from './decide-behind.ts';
import type { Behind } from './inputs.ts';
import type { OwnerWorld } from './owner-settings.ts';
import { findIn, messagesInLog, type LogView } from './read-messages.ts';
import { sessionRecord } from './state.ts';

/** Nothing was written since the log was made from history. */
function unwritten(meta: LogMeta): boolean {
  return meta.head === 0 && meta.tip !== null && !meta.deleted;
}

/** The newest messages lack the reply that the session ends with. A look only: its owner makes sure. */
export function seemsLost(meta: LogMeta, newest: Message[]): boolean {
  return unwritten(meta) && newest.every(({ id }) => id !== meta.tip);
}

/** null: the log has all that history has. Rejects as history does. */
export async function behindHistory(world: OwnerWorld, log: LogView): Promise<Behind | null> {
  const { meta } = log;
  if (meta.deleted || !(meta.unsure || unwritten(meta))) return null;
  const known = meta.unsure ? await world.ports.history.session(meta.sessionId) : null;
  const same: Behind = { head: meta.head, deleted: known?.deleted ?? false, record: null, ended: null, lost: null };
  if (same.deleted) return same;
  // Every end of a reply is a new revision: a record that is no newer stands for nothing that the log lacks.
  const record = known && known.record.rev > meta.rev ? known.record : null;
  if (!record && !unwritten(meta)) return same;
  const newest = record ?? sessionRecord(meta);
  const ended = await endedMeanwhile(world, log, newest);
  const lost = await lostReply(world, log, newest);
  return meta.unsure || lost ? { ...same, record, ended, lost } : null;
}

async function endedMeanwhile(world: OwnerWorld, log: LogView, { tip }: SessionRecord): Promise<Message | null> {
  const open = messagesInLog(log).find(({ status }) => status === 'streaming');
  if (!open) return null;
  const finished = await world.ports.history.message(open.sessionId, open.id);
  // The session went on after it, so it did end; how, nobody knows any more.
  return finished ?? (tip === open.id ? null : { ...open, status: 'failed', error: lostInOutage() });
}

async function lostReply(world: OwnerWorld, log: LogView, record: SessionRecord): Promise<Message | null> {
  const { id: sessionId, tip: id, nextPosition, updatedAt: createdAt } = record;
  if (id === null || messagesInLog(log).some((message) => message.id === id)) return null;
  if (await world.ports.history.message(sessionId, id)) return null;
  const position = nextPosition - 1;
  return { id, sessionId, position, role: 'assistant', content: '', status: 'streaming', ...(await placeOf(world, log, record, position)), createdAt };
}

/** Under the message that the record names, beside its other versions; under the newest one where that is lost too. */
async function placeOf(world: OwnerWorld, log: LogView, { id: sessionId, tip, tipParent }: SessionRecord, position: number): Promise<Pick<Message, 'parentId' | 'siblings' | 'versions'>> {
  const { history } = world.ports;
  const inLog = messagesInLog(log).filter((message) => message.position < position);
  const parent = tipParent ? await findIn(world, log, tipParent) : null;
  if (!parent) {
    const { messages } = await history.page(sessionId, position, 1);
    return { parentId: [...messages, ...inLog].sort((a, b) => a.position - b.position).at(-1)?.id ?? null };
  }
  const below = [...(await history.outline(sessionId, parent.position)), ...inLog].filter(({ parentId, role }) => parentId === parent.id && role === 'assistant');
  const versions = [...new Set([...below.sort((a, b) => a.position - b.position).map(({ id }) => id), ...(tip === null ? [] : [tip])])];
  return { parentId: parent.id, ...(versions.length > 1 && { siblings: versions.length, versions }) };
}
