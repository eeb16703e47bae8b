/** What a rule decides: events to append, the meta that goes with them, and what follows once they are in the log. */
import type { MetaPatch, OpResult } from '../backends/contracts.ts';
import type { NewEvent } from '../protocol/wire.ts';
import type { Answer, Effect } from './inputs.ts';
import type { SessionState } from './state.ts';

export interface Decision {
  events: NewEvent[];
  meta: MetaPatch;
  ops: { id: string; result: OpResult }[];
  effects: Effect[];
  answer?: Answer;
}

export interface Rules {
  /** ISO time that the events of this step carry. */
  at: string;
  newRunId(): string;
  continuation: 'prefill' | 'restart' | 'stop';
  generateAttempts: number;
  /** The first answer to an operation that this owner accepted. */
  acceptedOp(id: string): OpResult | undefined;
}

export const nothing: Decision = Object.freeze({ events: [], meta: {}, ops: [], effects: [] });

export function answer(value: Answer): Decision {
  return { ...nothing, answer: value };
}

/** The session record changed: a new revision at this moment. */
export function touched(state: SessionState, rules: Rules): MetaPatch {
  return { rev: state.meta.rev + 1, updatedAt: rules.at };
}
