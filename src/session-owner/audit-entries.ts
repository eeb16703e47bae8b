/**
 * The audit entries of an append: what happened, to whom, under which epoch; of what is finished the whole message, and
 * the session record it left behind. From these alone a session can be rebuilt.
 */
import { REPLY_ENDED, SESSION_CLAIMED, SESSION_CREATED } from '../audit-types.ts';
import type { AuditEntry, Lease } from '../backends/contracts.ts';
import type { Event } from '../protocol/wire.ts';
import { analyticsOf, type EndedReply } from './reply-analytics.ts';
import { sessionRecord, type SessionState } from './state.ts';

export interface AuditRules {
  on: boolean;
  deltas: boolean;
}

/** Entries for the events of one append; `state` is the one after it. The ids repeat when an append is repeated. */
export function auditEntries(events: Event[], state: SessionState, lease: Lease, rules: AuditRules): AuditEntry[] {
  if (!rules.on) return [];
  // The state is the one after all of them, so only the last can name the record.
  const last = events.filter(changesRecord).at(-1);
  return events
    .filter((event) => event.type !== 'message.delta' || rules.deltas)
    .flatMap((event) => {
      const record = event === last && state.meta.messageCount > 0 ? { record: sessionRecord(state.meta) } : {};
      const entry = entryOf(event, event.type, '', state, lease, { ...auditData(event, state), ...record });
      // A restored log tells it again, and it happened once.
      return beginsSession(event) ? [{ ...entryOf(event, SESSION_CREATED, '', state, lease, {}), id: `${lease.sessionId}:created` }, entry] : [entry];
    });
}

/** One analytics entry for each reply that the append ended. */
export function analyticsEntries(ended: EndedReply[], state: SessionState, lease: Lease, rules: AuditRules): AuditEntry[] {
  if (!rules.on) return [];
  return ended.map((reply) => entryOf(reply.event, REPLY_ENDED, ':reply', state, lease, { ...analyticsOf(reply) }));
}

function entryOf(event: Event, type: string, mark: string, state: SessionState, lease: Lease, data: Record<string, unknown>): AuditEntry {
  const { sessionId, epoch } = lease;
  const { logId, userId } = state.meta;
  return { id: `${sessionId}:${logId}:${event.seq}${mark}`, at: event.at, type, sessionId, userId, epoch, seq: event.seq, logId, data };
}

function beginsSession(event: Event): boolean {
  return event.type === 'message.created' && event.message.position === 1;
}

function changesRecord(event: Event): boolean {
  return event.type !== 'message.delta' && event.type !== 'message.restarted';
}

function auditData(event: Event, state: SessionState): Record<string, unknown> {
  const { seq, at, type, ...fields } = event;
  if (!('messageId' in event) || event.type === 'message.delta' || event.type === 'message.restarted' || event.type === 'message.rated') return fields;
  const message = state.unsaved.find((finished) => finished.message.id === event.messageId)?.message;
  return { ...fields, message };
}

/** A new owner took the session over. An epoch is claimed once, so a repeat has the same id. */
export function claimedEntry(lease: Lease, state: SessionState, at: string): AuditEntry {
  const { sessionId, nodeId, epoch } = lease;
  const { logId, userId, head } = state.meta;
  const reply = state.phase.name === 'replying' ? state.phase.reply.message.id : null;
  return { id: `${sessionId}:${epoch}:claimed`, at, type: SESSION_CLAIMED, sessionId, userId, epoch, seq: null, logId, data: { nodeId, head, openReply: reply } };
}
