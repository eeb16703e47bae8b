/**
 * A session's messages from the log and from history together. The log is read first: what history acknowledges in
 * between is then in one of the two, never in neither.
 */
import type { LogMeta } from '../backends/contracts.ts';
import type { Event, Message } from '../protocol/wire.ts';
import type { OwnerWorld } from './owner-settings.ts';
import { evolve, initialState } from './state.ts';

export interface LogView {
  meta: LogMeta;
  events: Event[];
}

/** Messages whose beginning is still in the log, with their text and status as of its head. */
export function messagesInLog({ meta, events }: LogView): Message[] {
  const folded = events.reduce(evolve, initialState(meta));
  const open = folded.phase.name === 'replying' ? [folded.phase.reply.message] : [];
  return [...folded.unsaved.map(({ message }) => message), ...open];
}

export interface Page {
  messages: Message[];
  hasMore: boolean;
}

/** The newest `limit` messages below `before` (all when undefined), oldest first. */
export async function readMessages(world: OwnerWorld, log: LogView, before: number | undefined, limit: number): Promise<Page> {
  const top = Math.min(before ?? Number.MAX_SAFE_INTEGER, log.meta.nextPosition);
  const inLog = messagesInLog(log).filter(({ position }) => position < top);
  const page = await historyPage(world, log, inLog, top, limit);
  const byId = new Map(page.messages.map((message) => [message.id, message]));
  for (const message of inLog) byId.set(message.id, message);
  const all = [...byId.values()].sort((a, b) => a.position - b.position);
  return { messages: all.slice(-limit), hasMore: page.hasMore || all.length > limit };
}

/**
 * What history adds to the log. Positions are given out one by one, so a log that has all positions that were asked for
 * has the whole page: history is not asked, for a new session or a lively one, and need not be there.
 */
async function historyPage(world: OwnerWorld, log: LogView, inLog: Message[], top: number, limit: number): Promise<Page> {
  const wanted = Math.min(limit, top - 1);
  const positions = new Set(inLog.map(({ position }) => position));
  for (let back = 1; back <= wanted; back += 1) {
    if (!positions.has(top - back)) return world.ports.history.page(log.meta.sessionId, top, limit);
  }
  return { messages: [], hasMore: wanted < top - 1 };
}

export async function findMessage(world: OwnerWorld, sessionId: string, messageId: string): Promise<Message | null> {
  const log = await world.log.read(sessionId, 0);
  const here = log && messagesInLog(log).find(({ id }) => id === messageId);
  return here ?? world.ports.history.message(sessionId, messageId);
}
