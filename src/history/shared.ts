/** What everybody may read who has a share's id: the path that led to its newest message, from the first one on. */
import type { HistoryStore } from '../backends/contracts.ts';
import type { ActionInput, ActionResults, MessagePlace } from '../protocol/broker.ts';
import { DEFAULT_PAGE } from '../protocol/limits.ts';
import type { Message, SharedReply } from '../protocol/wire.ts';

export async function shared(store: HistoryStore, { shareId, after = 0, limit = DEFAULT_PAGE }: ActionInput<'history.shared'>): Promise<ActionResults['history.shared']> {
  const record = await store.shared(shareId);
  if (!record?.share) return null;
  const { id: sessionId, share } = record;
  const path = pathTo(share.tip, await store.outline(sessionId, 0));
  const ids = path.slice(after, after + limit);
  const messages = await store.messages(sessionId, ids);
  // The session was deleted meanwhile.
  if (path.length === 0 || messages.length < ids.length) return null;
  const { title, createdAt } = share;
  return { sessionId, page: { title, createdAt, messages: messages.map(asShown), total: path.length, hasMore: path.length > after + ids.length } };
}

/** Messages never change their place, so the way to a message is the same as when it was shared. Oldest first. */
function pathTo(tip: string, places: MessagePlace[]): string[] {
  const parents = new Map(places.map(({ id, parentId }) => [id, parentId]));
  const path: string[] = [];
  for (let id: string | null = tip; id !== null && path.length <= parents.size; id = parents.get(id) ?? null) {
    if (!parents.has(id)) return [];
    path.push(id);
  }
  return path.reverse();
}

/** Nothing of a message that names anything, and nothing that a later version adds to it without a thought of this. */
function asShown({ role, content, status, createdAt, files = [] }: Message): SharedReply['messages'][number] {
  const named = files.map(({ name, type, bytes }) => ({ name, type, bytes }));
  return { role, content, status, createdAt, ...(named.length > 0 && { files: named }) };
}
