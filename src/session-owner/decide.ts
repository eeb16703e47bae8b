/**
 * The rules of a session: what an input does to it. Pure; nothing here is true until its events are appended.
 */
import { wireError } from '../protocol/errors.ts';
import { bringForward } from './decide-behind.ts';
import { decideReport } from './decide-run.ts';
import { makeVersion, send, switchTo } from './decide-send.ts';
import { rate } from './decide-feedback.ts';
import { configure } from './decide-settings.ts';
import { pin, share, unshare } from './decide-marks.ts';
import { answer, nothing, touched, type Decision, type Rules } from './decision.ts';
import type { Command, Input } from './inputs.ts';
import { wholeSession, type SessionState } from './state.ts';

export function decide(state: SessionState, input: Input, rules: Rules): Decision {
  switch (input.type) {
    case 'send':
    case 'version':
    case 'switch':
    case 'cancel':
    case 'rename':
    case 'configure':
    case 'rate':
    case 'pin':
    case 'share':
    case 'unshare':
    case 'delete':
      return decideCommand(state, input, rules);
    case 'chunk':
    case 'run-accepted':
    case 'run-refused':
    case 'run-lost':
      return decideReport(state, input, rules);
    case 'log-behind':
      return input.behind.deleted ? decideCommand(state, { type: 'delete' }, rules) : bringForward(state, input.behind, rules);
  }
}

function decideCommand(state: SessionState, command: Command, rules: Rules): Decision {
  if (state.phase.name === 'deleted') {
    return answer(command.type === 'delete' ? { type: 'deleted' } : { type: 'refused', error: wireError('not-found', 'There is no such session.') });
  }
  switch (command.type) {
    case 'send':
      return send(state, command, rules);
    case 'version':
      return makeVersion(state, command, rules);
    case 'switch':
      return switchTo(state, command, rules);
    case 'cancel':
      return cancel(state, command.messageId, rules);
    case 'rename':
      return rename(state, command.title, rules);
    case 'configure':
      return configure(state, command.settings);
    case 'rate':
      return rate(state, command);
    case 'pin':
      return pin(state, command.pinned);
    case 'share':
      return share(state, command.shareId, rules);
    case 'unshare':
      return unshare(state);
    case 'delete':
      return remove(state, rules);
  }
}

function cancel(state: SessionState, messageId: string, rules: Rules): Decision {
  if (state.phase.name === 'replying' && state.phase.reply.message.id === messageId) {
    return { ...endReply(state, rules), answer: { type: 'cancelled', status: 'cancelled' } };
  }
  const known = state.lastEnded?.id === messageId ? state.lastEnded : state.unsaved.find(({ message }) => message.id === messageId && message.role === 'assistant')?.message;
  return answer(known ? { type: 'cancelled', status: known.status } : { type: 'unknown-reply' });
}

/** Cancels the open reply. */
function endReply(state: SessionState, rules: Rules): Decision {
  if (state.phase.name !== 'replying') return nothing;
  const { message, run } = state.phase.reply;
  return {
    events: [{ type: 'message.cancelled', messageId: message.id }],
    meta: { ...touched(state, rules), run: null },
    ops: [],
    effects: [...(run?.aiNode ? [{ type: 'abort-run', runId: run.runId, aiNode: run.aiNode } as const] : []), { type: 'sessions-changed', change: 'updated' }],
  };
}

function rename(state: SessionState, title: string, rules: Rules): Decision {
  const meta = { ...touched(state, rules), title };
  return {
    events: [{ type: 'session.renamed', title }],
    meta,
    ops: [],
    effects: state.meta.messageCount > 0 ? [{ type: 'sessions-changed', change: 'renamed' }] : [],
    answer: { type: 'renamed', session: wholeSession({ ...state.meta, ...meta }) },
  };
}

function remove(state: SessionState, rules: Rules): Decision {
  const ending = endReply(state, rules);
  return {
    events: [...ending.events, ...unshare(state).events, { type: 'session.deleted' }],
    meta: { ...touched(state, rules), run: null, deleted: true, ...(state.meta.share && { share: null }) },
    ops: [],
    effects: [...ending.effects.filter((effect) => effect.type === 'abort-run'), { type: 'sessions-changed', change: 'deleted' }],
    answer: { type: 'deleted' },
  };
}
