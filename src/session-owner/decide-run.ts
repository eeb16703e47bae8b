/** The rules of a reply's runs: which text is taken, when a run ends the reply, and what replaces a run that is gone. */
import type { RunRecord } from '../backends/contracts.ts';
import type { RunChunk, RunEnd } from '../protocol/broker.ts';
import { wireError } from '../protocol/errors.ts';
import type { NewEvent } from '../protocol/wire.ts';
import { nothing, touched, type Decision, type Rules } from './decision.ts';
import type { Effect, RunReport } from './inputs.ts';
import type { OpenReply, SessionState } from './state.ts';

type CurrentRun = OpenReply & { run: RunRecord };

export function decideReport(state: SessionState, report: RunReport, rules: Rules): Decision {
  const runId = report.type === 'chunk' ? report.chunk.runId : report.runId;
  const current = currentRun(state, runId);
  if (!current) return foreignRun(report);
  switch (report.type) {
    case 'chunk':
      return takeChunk(state, current, report.aiNode, report.chunk, rules);
    case 'run-accepted':
      return { ...nothing, meta: { run: { ...current.run, aiNode: report.aiNode } } };
    case 'run-refused':
      // It spoke, so somebody took it: only the answer that said so was lost.
      if (current.run.aiNode !== null) return nothing;
      if (!report.final && report.error.retryable && current.run.attempt < rules.generateAttempts) {
        return startRun(current, current.message.content, rules, []);
      }
      return failed(state, current, { outcome: 'failed', error: report.error }, rules);
    case 'run-lost':
      return replaceLostRun(state, current, rules);
  }
}

function currentRun(state: SessionState, runId: string): CurrentRun | null {
  if (state.phase.name !== 'replying') return null;
  const { reply } = state.phase;
  return reply.run?.runId === runId ? { ...reply, run: reply.run } : null;
}

/** Text of any run but the current one is never taken; its node is told to stop, so that no model runs for nothing. */
function foreignRun(report: RunReport): Decision {
  if (report.type !== 'chunk' && report.type !== 'run-accepted') return nothing;
  const runId = report.type === 'chunk' ? report.chunk.runId : report.runId;
  return { ...nothing, effects: [{ type: 'abort-run', runId, aiNode: report.aiNode }] };
}

function takeChunk(state: SessionState, current: CurrentRun, aiNode: string, chunk: RunChunk, rules: Rules): Decision {
  const have = current.message.content.length;
  const { runId } = chunk;
  if (chunk.offset > have) return { ...nothing, effects: [{ type: 'replay-run', runId, aiNode, offset: have }] };
  const text = chunk.text.slice(have - chunk.offset);
  const events: NewEvent[] = text === '' ? [] : [{ type: 'message.delta', messageId: current.message.id, text }];
  const acknowledge: Effect = { type: 'acknowledge-run', runId, aiNode, offset: have + text.length, ended: chunk.end !== undefined };
  const taken: Decision = { ...nothing, events, effects: [acknowledge] };
  if (!chunk.end) return current.run.aiNode === null ? { ...taken, meta: { run: { ...current.run, aiNode } } } : taken;
  return after(taken, endOf(state, current, text, chunk.end, rules));
}

function after(first: Decision, second: Decision): Decision {
  return { ...second, events: [...first.events, ...second.events], effects: [...first.effects, ...second.effects] };
}

function endOf(state: SessionState, current: CurrentRun, newText: string, end: RunEnd, rules: Rules): Decision {
  if (end.outcome === 'completed') {
    const { finishReason, usage, model } = end;
    const event: NewEvent = { type: 'message.completed', messageId: current.message.id, finishReason, ...(usage && { usage }), ...(model && { model }) };
    return ending(state, event, rules);
  }
  const gotNothing = newText === '' && current.message.content.length === current.run.baseOffset;
  if (end.error.code === 'ai-refused' && current.run.baseOffset > 0 && gotNothing && !current.run.asking) {
    return current.kept === current.message.content ? startRun(current, current.kept, rules, [], true) : restart(current, 'prefill-refused', rules);
  }
  return failed(state, current, end, rules);
}

function failed(state: SessionState, current: CurrentRun, end: Extract<RunEnd, { outcome: 'failed' }>, rules: Rules): Decision {
  return ending(state, { type: 'message.failed', messageId: current.message.id, error: end.error }, rules);
}

function ending(state: SessionState, event: NewEvent, rules: Rules): Decision {
  return { ...nothing, events: [event], meta: { ...touched(state, rules), run: null }, effects: [{ type: 'sessions-changed', change: 'updated' }] };
}

/** Two runs are never mixed: the new one continues exactly, starts over with a declared restart, or there is none. */
function replaceLostRun(state: SessionState, current: CurrentRun, rules: Rules): Decision {
  const text = current.message.content;
  if (current.run.attempt >= rules.generateAttempts) {
    const error = wireError('ai-unavailable', 'The answer was lost several times. Try again.');
    return failed(state, current, { outcome: 'failed', error }, rules);
  }
  if (text === current.kept || (rules.continuation === 'prefill' && !current.run.asking)) return startRun(current, text, rules, []);
  if (rules.continuation !== 'stop') return restart(current, 'run-lost', rules);
  return ending(state, { type: 'message.interrupted', messageId: current.message.id }, rules);
}

/** A version that continues another one begins with its text again. */
function restart(current: CurrentRun, reason: string, rules: Rules): Decision {
  const { kept, message } = current;
  const messageId = message.id;
  const again: NewEvent[] = kept === '' ? [] : [{ type: 'message.delta', messageId, text: kept }];
  return startRun(current, kept, rules, [{ type: 'message.restarted', messageId, reason }, ...again], true);
}

/**
 * Attempts are counted until one of them brings the text forward: what fails the same way again and again must end.
 * `asking`: the model cannot take its text up again, so what it is to go on from is asked for in words.
 */
function startRun(current: CurrentRun, prefix: string, rules: Rules, events: NewEvent[], asking = current.run.asking ?? false): Decision {
  const progressed = prefix.length > current.run.baseOffset;
  const attempt = progressed ? 1 : current.run.attempt + 1;
  const earlier = (current.run.earlier ?? 0) + (progressed ? current.run.attempt : 0);
  const counted = { baseOffset: prefix.length, aiNode: null, attempt, ...(earlier > 0 && { earlier }), ...(asking && prefix !== '' && { asking: true as const }) };
  // Of the reply's first run, whatever the session was set to since: a reply is not written half by one model and half by another.
  const { settings } = current.run;
  const run: RunRecord = { runId: rules.newRunId(), replyId: current.message.id, ...counted, ...(settings && { settings }) };
  return { ...nothing, events, meta: { run }, effects: [{ type: 'start-run', run, prefix }] };
}
