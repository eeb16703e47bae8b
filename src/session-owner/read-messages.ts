/**
 * A session's messages from the log and from history together. The log is read first: what history acknowledges in
 * between is then in one of the two, never in neither.
 */
import type { LogMeta } from '../backends/contracts.ts';
import type { Event, Feedback, Message } from '../protocol/wire.ts';
import type { OwnerWorld } from './owner-settings.ts';
import { pathUp, type Stored } from './path.ts';
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

/** What was thought of replies since history heard of it: null is taken back. Newer than what history has. */
function ratingsInLog({ events }: LogView): Map<string, Feedback | null> {
  return new Map(events.flatMap((event) => (event.type === 'message.rated' ? [[event.messageId, event.feedback] as const] : [])));
}

export interface Page {
  messages: Message[];
  hasMore: boolean;
}

/** The newest `limit` messages of the active path, or those above this message on its own path; oldest first. */
export async function readPath(world: OwnerWorld, log: LogView, above: Message | null, limit: number): Promise<Page> {
  const { meta } = log;
  const inLog = messagesInLog(log);
  const ratings = ratingsInLog(log);
  const up = async (id: string | null, below: number): Promise<Message[]> => {
    const known = new Map(inLog.map((message) => [message.id, message]));
    const found: Message[] = [];
    if (limit === 0) return found;
    for await (const message of pathUp({ id, below }, known, storedBy(world, meta.sessionId), limit)) if (found.push(message) === limit) break;
    return found.reverse();
  };
  if (above) return pageOf(await up(above.parentId, above.position), inLog, ratings);
  const active = await up(meta.tip, meta.nextPosition);
  if (active.length > 0 || meta.tip === null) return pageOf(active, inLog, ratings);
  // Nobody has the reply it ends with (`lost-reply.ts`): what was there before it is shown.
  const newest = (await world.ports.history.page(meta.sessionId, meta.nextPosition, 1)).messages.at(-1);
  return pageOf(newest ? await up(newest.id, meta.nextPosition) : [], inLog, ratings);
}

export function storedBy({ ports: { history } }: OwnerWorld, sessionId: string): Stored {
  return { page: (before, limit) => history.page(sessionId, before, limit), message: (id) => history.message(sessionId, id) };
}

function pageOf(messages: Message[], inLog: Message[], ratings: Map<string, Feedback | null>): Page {
  const oldest = messages[0];
  return { messages: messages.map((message) => withRating(withVersions(message, inLog), ratings)), hasMore: oldest !== undefined && oldest.parentId !== null };
}

/** History counts the versions it has; newer ones may be in the log alone. Each names all that were there before it. */
export function withVersions(message: Message, inLog: Message[]): Message {
  const turn = inLog.filter(({ parentId, role }) => parentId === message.parentId && role === message.role);
  const lists = [message, ...turn].flatMap(({ versions }) => (versions ? [versions] : []));
  const versions = lists.reduce((longest, list) => (list.length > longest.length ? list : longest), []);
  return versions.length > 1 ? { ...message, siblings: versions.length, versions } : message;
}

function withRating(message: Message, ratings: Map<string, Feedback | null>): Message {
  const newer = ratings.get(message.id);
  if (newer === undefined) return message;
  const { feedback: _older, ...rest } = message;
  return newer === null ? rest : { ...rest, feedback: newer };
}

/** A message with all the versions that its turn has in this log or in history. */
export async function findIn(world: OwnerWorld, log: LogView, messageId: string): Promise<Message | null> {
  const inLog = messagesInLog(log);
  const found = inLog.find(({ id }) => id === messageId) ?? (await world.ports.history.message(log.meta.sessionId, messageId));
  return found && withRating(withVersions(found, inLog), ratingsInLog(log));
}

/** The message at this position, of whatever version. */
export async function findAt(world: OwnerWorld, log: LogView, position: number): Promise<Message | null> {
  const here = messagesInLog(log).find((message) => message.position === position);
  const there = here ?? (await world.ports.history.page(log.meta.sessionId, position + 1, 1)).messages.at(-1);
  return there?.position === position ? there : null;
}

export async function findMessage(world: OwnerWorld, sessionId: string, messageId: string): Promise<Message | null> {
  const log = await world.log.read(sessionId, 0);
  return log ? findIn(world, log, messageId) : world.ports.history.message(sessionId, messageId);
}
