/** Small states and rules to test the session's pure functions with. */
import type { LogMeta } from '../../src/backends/contracts.ts';
import { addDecision, emptyBatch, type Batch } from '../../src/session-owner/batch.ts';
import { decide } from '../../src/session-owner/decide.ts';
import type { Rules } from '../../src/session-owner/decision.ts';
import type { Answer, Input } from '../../src/session-owner/inputs.ts';
import { initialState, type SessionState } from '../../src/session-owner/state.ts';

export const AT = '2026-01-02T03:04:05.000Z';

export function newMeta(changes: Partial<LogMeta> = {}): LogMeta {
  return {
    sessionId: 'session00001', userId: 'u1', title: '', createdAt: AT, updatedAt: AT, rev: 0, nextPosition: 1, messageCount: 0,
    tip: null, logId: 'log1', head: 0, firstSeq: 1, storedThrough: 0, run: null, opsComplete: true, deleted: false, ...changes,
  };
}

export function testRules(changes: Partial<Rules> = {}): Rules {
  let runs = 0;
  return { at: AT, newRunId: () => `run${(runs += 1)}`, continuation: 'prefill', generateAttempts: 3, acceptedOp: () => undefined, ...changes };
}

export interface Steps {
  state: SessionState;
  batch: Batch;
  answers: (Answer | undefined)[];
}

/** Decides the inputs one after the other as one batch, as the actor does. */
export function take(state: SessionState, rules: Rules, ...inputs: Input[]): Steps {
  let batch = emptyBatch(state);
  const answers: (Answer | undefined)[] = [];
  for (const input of inputs) {
    const decision = decide(batch.state, input, rules);
    batch = addDecision(batch, decision, rules.at);
    answers.push(decision.answer);
  }
  return { state: batch.state, batch, answers };
}

export function sendInput(n = 1, content = 'Hello'): Extract<Input, { type: 'send' }> {
  return { type: 'send', ids: { messageId: `m${n}`, replyId: `r${n}` }, clientMessageId: `c${n}`, content };
}

export function chunkInput(runId: string, offset: number, text: string, end?: 'completed' | 'refused' | 'unavailable'): Input {
  const code = end === 'refused' ? ('ai-refused' as const) : ('ai-unavailable' as const);
  const ending = end === 'completed' ? { outcome: 'completed' as const, finishReason: 'stop' as const } : { outcome: 'failed' as const, error: { code, message: 'no', retryable: end === 'unavailable' } };
  return { type: 'chunk', aiNode: 'ai-1', chunk: { runId, sessionId: 'session00001', offset, text, ...(end && { end: ending }) } };
}

/** A session with one open reply whose run (run1) was accepted and has this text. */
export function replying(text = '', rules = testRules()): SessionState {
  const started = take(initialState(newMeta()), rules, sendInput(), { type: 'run-accepted', runId: 'run1', aiNode: 'ai-1' });
  return text === '' ? started.state : take(started.state, rules, chunkInput('run1', 0, text)).state;
}

export function replyText(state: SessionState): string | null {
  return state.phase.name === 'replying' ? state.phase.reply.message.content : null;
}
