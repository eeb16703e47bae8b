/**
 * The log of a session, written anew from what its owner remembers, after the store lost data. Pure. Replaying it gives
 * the state the owner had; it holds what history lacks and nothing else, under a logId of its own.
 */
import type { Lease, LogMeta, OpResult, RestoreRequest } from '../backends/contracts.ts';
import { messageIdsFor } from '../ids.ts';
import type { Event, Message, NewEvent } from '../protocol/wire.ts';
import type { Memory } from './actor.ts';
import { auditEntries, type AuditRules } from './audit-entries.ts';
import { endOf } from './reply-end.ts';
import { replay, type OpenReply, type SessionState } from './state.ts';

export interface Fresh {
  /** Never one that this session had. */
  logId: string;
  /** ISO time of the events that stand for no moment of their own. */
  at: string;
}

export function restoredLog(memory: Memory, lease: Lease, fresh: Fresh, audit: AuditRules): RestoreRequest {
  const { state } = memory;
  const events = eventsOf(state, fresh.at).map(([event, at], index): Event => ({ ...event, seq: index + 1, at }));
  const meta: LogMeta = { ...state.meta, logId: fresh.logId, head: events.length, firstSeq: 1, storedThrough: 0, opsComplete: false };
  return { lease, meta, events, ops: opsOf(memory), audit: auditEntries(events, replay(meta, events), lease, audit) };
}

type Stamped = [NewEvent, string];

function eventsOf(state: SessionState, at: string): Stamped[] {
  if (state.phase.name === 'deleted') return [[{ type: 'session.deleted' }, at]];
  const messages = state.unsaved.flatMap(({ message }) => finished(message, at));
  messages.push(...state.ratings.map(({ messageId, feedback, rev }): Stamped => [{ type: 'message.rated', messageId, feedback, rev }, at]));
  if (state.phase.name === 'replying') messages.push(...open(state.phase.reply, at));
  const owed = state.meta.storedThrough < state.meta.head;
  // Without any event the session would count as saved, and history never hear of its newest record.
  return messages.length === 0 && owed ? [[recordEvent(state.meta), at]] : messages;
}

/** A session without messages has no title unless it was given one. */
function recordEvent({ title, settings }: LogMeta): NewEvent {
  return title === '' && settings ? { type: 'session.configured', settings } : { type: 'session.renamed', title };
}

function finished(message: Message, at: string): Stamped[] {
  const end = endOf(message);
  if (!end) return [[{ type: 'message.created', message }, message.createdAt]];
  const { finishReason: _, usage: __, model: ___, error: ____, ...begun } = message;
  return [[{ type: 'message.created', message: { ...begun, status: 'streaming' } }, message.createdAt], [end, at]];
}

/** The text is an event of its own: it came when it came, and not with the reply's beginning. */
function open({ message, kept, firstTokenAt }: OpenReply, at: string): Stamped[] {
  const { id: messageId, content, createdAt } = message;
  const text = content.slice(kept.length);
  const created: Stamped = [{ type: 'message.created', message: { ...message, content: kept } }, createdAt];
  return text === '' ? [created] : [created, [{ type: 'message.delta', messageId, text }, firstTokenAt ?? at]];
}

/** What made a message that bears its request's id. */
const OPERATIONS = { user: ['send', 'edit'], assistant: ['regenerate', 'continue'] } as const;

/** What this owner accepted, and what earlier owners did and history cannot tell yet: it follows from the messages. */
function opsOf({ state, ops }: Memory): RestoreRequest['ops'] {
  const { userId, sessionId } = state.meta;
  const known = new Map<string, OpResult>(ops.map(({ id, result }) => [id, result]));
  const open = state.phase.name === 'replying' ? [state.phase.reply.message] : [];
  for (const message of [...state.unsaved.map((finished) => finished.message), ...open]) {
    if (message.clientMessageId === undefined) continue;
    for (const operation of OPERATIONS[message.role]) {
      const ids = messageIdsFor(userId, sessionId, operation, message.clientMessageId);
      if (message.id === ids.messageId && !known.has(message.id)) known.set(message.id, ids);
      // It answers the message that was there.
      if (message.id === ids.replyId && !known.has(ids.messageId)) known.set(ids.messageId, { ...ids, messageId: message.parentId ?? message.id });
    }
  }
  return [...known].map(([id, result]) => ({ id, result }));
}
