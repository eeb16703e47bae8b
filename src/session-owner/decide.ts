/**
 * The rules of a session: what an input does to it. Pure; nothing here is true until its events are appended.
 */
import { wireError } from '../protocol/errors.ts';
import { MAX_TITLE_LENGTH } from '../protocol/limits.ts';
import type { Message } from '../protocol/wire.ts';
import { bringForward } from './decide-behind.ts';
import { decideReport } from './decide-run.ts';
import { answer, nothing, touched, type Decision, type Rules } from './decision.ts';
import type { Command, Input } from './inputs.ts';
import { sessionView, type SessionState } from './state.ts';

export function decide(state: SessionState, input: Input, rules: Rules): Decision {
  switch (input.type) {
    case 'send':
    case 'cancel':
    case 'rename':
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
    case 'cancel':
      return cancel(state, command.messageId, rules);
    case 'rename':
      return rename(state, command.title, rules);
    case 'delete':
      return remove(state, rules);
  }
}

function send(state: SessionState, command: Extract<Command, { type: 'send' }>, rules: Rules): Decision {
  const { ids, clientMessageId, content } = command;
  // A repeat must find its answer even while its own reply is still open: the dedupe comes before session-busy.
  const first = rules.acceptedOp(ids.messageId);
  if (first) return answer({ type: 'sent', ids: first, duplicate: true });
  if (state.phase.name === 'replying') {
    return answer({ type: 'refused', error: wireError('session-busy', 'A reply is still streaming in this session. Wait for it or stop it.') });
  }
  const { meta } = state;
  const shared = { sessionId: meta.sessionId, createdAt: rules.at };
  const user: Message = { ...shared, id: ids.messageId, position: meta.nextPosition, clientMessageId, role: 'user', content, status: 'complete', parentId: meta.tip };
  const reply: Message = { ...shared, id: ids.replyId, position: meta.nextPosition + 1, role: 'assistant', content: '', status: 'streaming', parentId: user.id };
  const run = { runId: rules.newRunId(), replyId: reply.id, baseOffset: 0, aiNode: null, attempt: 1 };
  return {
    events: [
      { type: 'message.created', message: user },
      { type: 'message.created', message: reply },
    ],
    meta: {
      ...touched(state, rules),
      ...(meta.title === '' && { title: titleFrom(content) }),
      nextPosition: meta.nextPosition + 2,
      messageCount: meta.messageCount + 2,
      tip: reply.id,
      run,
    },
    ops: [{ id: ids.messageId, result: ids }],
    effects: [
      { type: 'start-run', run, prefix: '' },
      { type: 'sessions-changed', change: meta.messageCount === 0 ? 'created' : 'updated' },
    ],
    answer: { type: 'sent', ids, duplicate: false },
  };
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
    answer: { type: 'renamed', session: sessionView({ ...state.meta, ...meta }) },
  };
}

function remove(state: SessionState, rules: Rules): Decision {
  const ending = endReply(state, rules);
  return {
    events: [...ending.events, { type: 'session.deleted' }],
    meta: { ...touched(state, rules), run: null, deleted: true },
    ops: [],
    effects: [...ending.effects.filter((effect) => effect.type === 'abort-run'), { type: 'sessions-changed', change: 'deleted' }],
    answer: { type: 'deleted' },
  };
}

/** The first line of the first message, cut at a word. */
export function titleFrom(content: string): string {
  const lines = content.split('\n').map((text) => text.replace(/\s+/g, ' ').trim()).filter((text) => text !== '');
  // A fence says nothing about what stands in it.
  const line = lines.find((text) => !/^(```|~~~)/.test(text)) ?? lines[0] ?? '';
  const longest = Math.min(60, MAX_TITLE_LENGTH);
  if (line.length <= longest) return line;
  const cut = line.slice(0, longest).toWellFormed();
  const space = cut.lastIndexOf(' ');
  return `${(space > longest / 2 ? cut.slice(0, space) : cut).replace(/\uFFFD$/, '')}…`;
}
