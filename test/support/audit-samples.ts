/** Audit entries of small conversations, made by the product's own rules. */
import type { AuditEntry, Lease } from '../../src/backends/contracts.ts';
import type { Message } from '../../src/protocol/wire.ts';
import { analyticsEntries, auditEntries } from '../../src/session-owner/audit-entries.ts';
import { addDecision, emptyBatch } from '../../src/session-owner/batch.ts';
import { decide } from '../../src/session-owner/decide.ts';
import type { Input } from '../../src/session-owner/inputs.ts';
import { initialState, sessionRecord, type SessionState } from '../../src/session-owner/state.ts';
import { newMeta, testRules } from './session-states.ts';
import type { SessionRecord } from '../../src/protocol/broker.ts';

export interface Told {
  state: SessionState;
  entries: AuditEntry[];
  /** What history would hold. */
  messages: Message[];
  record: SessionRecord;
}

/** Each step is one append, a second after the last. */
export function tell(sessionId: string, steps: Input[][], options: { epoch?: number; deltas?: boolean; from?: number; state?: SessionState } = {}): Told {
  const lease: Lease = { sessionId, nodeId: 'node-1', epoch: options.epoch ?? 1 };
  const rules = { on: true, deltas: options.deltas ?? false };
  let state = options.state ?? initialState(newMeta({ sessionId }));
  const entries: AuditEntry[] = [];
  let now = options.from ?? Date.parse('2026-01-02T03:04:05.000Z');
  for (const inputs of steps) {
    const at = new Date((now += 1_000)).toISOString();
    let batch = emptyBatch(state);
    for (const input of inputs) batch = addDecision(batch, decide(batch.state, input, testRules({ at })), at);
    state = batch.state;
    entries.push(...auditEntries(batch.events, state, lease, rules), ...analyticsEntries(batch.ended, state, lease, rules));
  }
  return { state, entries, messages: state.unsaved.map(({ message }) => message), record: sessionRecord(state.meta) };
}
