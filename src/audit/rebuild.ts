/**
 * A session from its audit entries alone. Entries may repeat, come in any order between sessions, and tell a message
 * again after its log was restored under a new logId: a message is known by its id, and its latest end counts, by epoch
 * and then seq. Pure.
 */
import type { AuditEntry } from '../backends/contracts.ts';
import { messageSchema, type Message } from '../protocol/wire.ts';
import { messageRatingSchema, sessionRecordSchema, type MessageRating, type SessionRecord } from '../protocol/broker.ts';
import { canonicalJson } from './canonical.ts';

export interface RebuiltSession {
  sessionId: string;
  /** The newest revision the trail knows; null when it has none. */
  record: SessionRecord | null;
  deleted: boolean;
  /** Finished messages by position. */
  messages: Message[];
  /** Replies that begin in the trail and do not end there. */
  open: string[];
  /** Messages whose content was too large for the trail. */
  omitted: string[];
  /** Replies with two different ends in one log: there must never be any. */
  endedTwice: string[];
  /** When each finished message was finished. */
  finishedAt: Map<string, string>;
}

interface Finished {
  message: Message;
  entry: AuditEntry;
}
interface Fold {
  finished: Map<string, Finished>;
  begun: Set<string>;
  omitted: Set<string>;
  endedTwice: Set<string>;
  record: SessionRecord | null;
  deleted: boolean;
  /** By message. */
  ratings: Map<string, MessageRating>;
}

/** All sessions these entries speak of. */
export function rebuildAll(entries: AuditEntry[]): Map<string, RebuiltSession> {
  const bySession = new Map<string, AuditEntry[]>();
  for (const entry of entries) {
    if (entry.sessionId === null) continue;
    const own = bySession.get(entry.sessionId);
    if (own) own.push(entry);
    else bySession.set(entry.sessionId, [entry]);
  }
  return new Map([...bySession].map(([sessionId, own]) => [sessionId, rebuild(sessionId, own)]));
}

export function rebuild(sessionId: string, entries: AuditEntry[]): RebuiltSession {
  const fold: Fold = { finished: new Map(), begun: new Set(), omitted: new Set(), endedTwice: new Set(), record: null, deleted: false, ratings: new Map() };
  const own = new Map(entries.filter((entry) => entry.sessionId === sessionId).map((entry) => [entry.id, entry]));
  for (const entry of own.values()) takeEntry(fold, entry);
  const known = (id: string): boolean => fold.finished.has(id) || fold.omitted.has(id);
  return {
    sessionId,
    record: fold.record,
    deleted: fold.deleted,
    messages: inOrder([...fold.finished.values()].map(({ message }) => rated(message, fold.ratings))),
    open: [...fold.begun].filter((id) => !known(id)),
    omitted: [...fold.omitted].filter((id) => !fold.finished.has(id)),
    endedTwice: [...fold.endedTwice],
    finishedAt: new Map([...fold.finished].map(([id, { entry }]) => [id, entry.at])),
  };
}

function takeEntry(fold: Fold, entry: AuditEntry): void {
  const { type, data } = entry;
  const record = sessionRecordSchema.safeParse(data['record']).data;
  if (record && (fold.record === null || record.rev > fold.record.rev)) fold.record = record;
  if (type === 'session.deleted') fold.deleted = true;
  if (type === 'message.rated') return takeRating(fold, data);
  if (!type.startsWith('message.') || type === 'message.delta' || type === 'message.restarted') return;
  const message = messageSchema.safeParse(data['message']).data;
  if (message?.status === 'streaming') fold.begun.add(message.id);
  else if (message) finish(fold, { message, entry });
  else if (typeof data['messageId'] === 'string') fold.omitted.add(data['messageId']);
}

function takeRating(fold: Fold, data: AuditEntry['data']): void {
  const rating = messageRatingSchema.safeParse(data).data;
  if (rating && rating.rev > (fold.ratings.get(rating.messageId)?.rev ?? -1)) fold.ratings.set(rating.messageId, rating);
}

function rated(message: Message, ratings: Fold['ratings']): Message {
  const feedback = ratings.get(message.id)?.feedback;
  return feedback ? { ...message, feedback } : message;
}

function finish(fold: Fold, next: Finished): void {
  const { id } = next.message;
  const known = fold.finished.get(id);
  if (known && known.entry.logId === next.entry.logId && canonicalJson(known.message) !== canonicalJson(next.message)) fold.endedTwice.add(id);
  if (!known || isLater(next.entry, known.entry)) fold.finished.set(id, next);
}

function isLater(a: AuditEntry, b: AuditEntry): boolean {
  const epochs = (a.epoch ?? 0) - (b.epoch ?? 0);
  return epochs === 0 ? (a.seq ?? 0) > (b.seq ?? 0) : epochs > 0;
}

function inOrder(messages: Message[]): Message[] {
  return messages.map(({ siblings: _counted, versions: _listed, ...message }) => message).sort((a, b) => a.position - b.position);
}

/** Versions of one turn count each other when they are read, as history does it. */
export function withSiblings(messages: Message[]): Message[] {
  const turn = ({ parentId, role }: Message): string => `${role} ${parentId}`;
  const turns = new Map<string, string[]>();
  for (const message of messages) turns.set(turn(message), [...(turns.get(turn(message)) ?? []), message.id]);
  return messages.map((message) => {
    const versions = turns.get(turn(message)) ?? [];
    return versions.length < 2 ? message : { ...message, siblings: versions.length, versions };
  });
}
