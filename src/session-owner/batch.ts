/** Several inputs become one append. Pure. */
import type { AppendRequest, AuditEntry, Lease, MetaPatch, OpResult } from '../backends/contracts.ts';
import type { Event, NewEvent } from '../protocol/wire.ts';
import type { Decision } from './decision.ts';
import type { Effect } from './inputs.ts';
import { endedBy, type EndedReply } from './reply-analytics.ts';
import { evolve, withMeta, type SessionState } from './state.ts';

export interface Batch {
  /** The state once the batch is in the log; before that it is only a plan. */
  state: SessionState;
  firstSeq: number;
  events: Event[];
  meta: MetaPatch;
  ops: { id: string; result: OpResult }[];
  effects: Effect[];
  /** Replies that its events end. */
  ended: EndedReply[];
}

export function emptyBatch(state: SessionState): Batch {
  return { state, firstSeq: state.meta.head + 1, events: [], meta: {}, ops: [], effects: [], ended: [] };
}

/** Adds what was decided for the next input. Deltas of one reply that stand next to each other become one event. */
export function addDecision(batch: Batch, decision: Decision, at: string): Batch {
  const next: Batch = {
    ...batch,
    events: [...batch.events],
    meta: { ...batch.meta, ...decision.meta },
    ops: [...batch.ops, ...decision.ops],
    effects: [...batch.effects, ...decision.effects],
    ended: [...batch.ended],
  };
  const reporter = decision.effects.find((effect) => effect.type === 'acknowledge-run')?.aiNode ?? null;
  for (const event of decision.events) addEvent(next, event, at, reporter);
  next.state = withMeta(next.state, decision.meta);
  return next;
}

function addEvent(batch: Batch, event: NewEvent, at: string, reporter: string | null): void {
  const last = batch.events.at(-1);
  if (event.type === 'message.delta' && last?.type === 'message.delta' && last.messageId === event.messageId) {
    batch.events[batch.events.length - 1] = { ...last, text: last.text + event.text };
    batch.state = evolve(batch.state, { ...last, text: event.text });
    return;
  }
  const stamped: Event = { ...event, seq: batch.firstSeq + batch.events.length, at };
  const ended = endedBy(batch.state, stamped, reporter);
  if (ended) batch.ended.push(ended);
  batch.events.push(stamped);
  batch.state = evolve(batch.state, stamped);
}

/** True when the batch changes nothing that is kept: it needs no append. */
export function isEmpty(batch: Batch): boolean {
  return batch.events.length === 0 && Object.keys(batch.meta).length === 0;
}

export function appendRequest(batch: Batch, lease: Lease, batchId: string, audit: AuditEntry[]): AppendRequest {
  const { firstSeq, events, meta, ops, state } = batch;
  return { lease, logId: state.meta.logId, firstSeq, batchId, events, meta, ops, audit };
}
