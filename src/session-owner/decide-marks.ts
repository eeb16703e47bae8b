/** The rules of what marks a session without being part of its conversation: it keeps its place among the others. Pure. */
import { answer, type Decision } from './decision.ts';
import { sessionView, type SessionState } from './state.ts';

export function pin(state: SessionState, pinned: boolean): Decision {
  if ((state.meta.pinned ?? false) === pinned) return answer({ type: 'pinned', session: sessionView(state.meta) });
  const meta = { rev: state.meta.rev + 1, pinned };
  return {
    events: [{ type: 'session.pinned', pinned }],
    meta,
    ops: [],
    effects: state.meta.messageCount > 0 ? [{ type: 'sessions-changed', change: 'updated' }] : [],
    answer: { type: 'pinned', session: sessionView({ ...state.meta, ...meta }) },
  };
}
