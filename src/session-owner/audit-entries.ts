/** The audit entry of each event: what happened, to whom, under which epoch; the full text of what was finished. */
import type { AuditEntry, Lease } from '../backends/contracts.ts';
import type { Event } from '../protocol/wire.ts';
import type { SessionState } from './state.ts';

export interface AuditRules {
  on: boolean;
  deltas: boolean;
}

/** Entries for the events of one append; `state` is the one after it. The ids repeat when an append is repeated. */
export function auditEntries(events: Event[], state: SessionState, lease: Lease, rules: AuditRules): AuditEntry[] {
  if (!rules.on) return [];
  return events
    .filter((event) => event.type !== 'message.delta' || rules.deltas)
    .map((event) => ({
      id: `${lease.sessionId}:${state.meta.logId}:${event.seq}`,
      at: event.at,
      type: event.type,
      sessionId: lease.sessionId,
      userId: state.meta.userId,
      epoch: lease.epoch,
      seq: event.seq,
      data: auditData(event, state),
    }));
}

function auditData(event: Event, state: SessionState): Record<string, unknown> {
  const { seq, at, type, ...fields } = event;
  if (!('messageId' in event) || event.type === 'message.delta' || event.type === 'message.restarted') return fields;
  const content = state.unsaved.find(({ message }) => message.id === event.messageId)?.message.content;
  return { ...fields, content };
}

/** A new owner took the session over. */
export function claimedEntry(lease: Lease, userId: string, at: string, id: string): AuditEntry {
  const { sessionId, nodeId, epoch } = lease;
  return { id, at, type: 'session.claimed', sessionId, userId, epoch, seq: null, data: { nodeId } };
}
