/** The rules of what marks a session without being part of its conversation: it keeps its place among the others. Pure. */
import type { MetaPatch } from '../backends/contracts.ts';
import { wireError } from '../protocol/errors.ts';
import type { NewEvent, Session } from '../protocol/wire.ts';
import { answer, type Decision, type Rules } from './decision.ts';
import type { Answer } from './inputs.ts';
import { wholeSession, type SessionState } from './state.ts';

export function pin(state: SessionState, pinned: boolean): Decision {
  if ((state.meta.pinned ?? false) === pinned) return answer({ type: 'pinned', session: wholeSession(state.meta) });
  return marked(state, { type: 'session.pinned', pinned }, { pinned }, (session) => ({ type: 'pinned', session }));
}

/** What is finished now is shown from now on; what comes later is not. Sharing again shows the newest under the same id. */
export function share(state: SessionState, shareId: string, rules: Rules): Decision {
  const { title, share: before } = state.meta;
  const tip = state.phase.name === 'replying' ? state.phase.reply.message.parentId : state.meta.tip;
  if (tip === null) return answer({ type: 'refused', error: wireError('invalid', 'There is nothing to share yet.') });
  if (before && before.tip === tip && before.title === title) return answer({ type: 'shared', share: before, session: wholeSession(state.meta) });
  const now = { id: before?.id ?? shareId, tip, title, createdAt: rules.at };
  return marked(state, { type: 'session.shared', share: now }, { share: now }, (session) => ({ type: 'shared', share: now, session }));
}

export function unshare(state: SessionState): Decision {
  if (!state.meta.share) return answer({ type: 'unshared', session: wholeSession(state.meta) });
  return marked(state, { type: 'session.unshared' }, { share: null }, (session) => ({ type: 'unshared', session }));
}

function marked(state: SessionState, event: NewEvent, patch: MetaPatch, answerOf: (session: Session) => Answer): Decision {
  const meta = { ...patch, rev: state.meta.rev + 1 };
  return {
    events: [event],
    meta,
    ops: [],
    effects: state.meta.messageCount > 0 ? [{ type: 'sessions-changed', change: 'updated' }] : [],
    answer: answerOf(wholeSession({ ...state.meta, ...meta })),
  };
}
