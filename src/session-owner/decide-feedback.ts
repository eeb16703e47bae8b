/** The rule of feedback: the last one counts. Pure. */
import type { Decision } from './decision.ts';
import type { Command } from './inputs.ts';
import type { SessionState } from './state.ts';

export function rate(state: SessionState, { messageId, feedback }: Extract<Command, { type: 'rate' }>): Decision {
  // The revision orders it wherever it is kept. The session keeps its place in the list.
  const rev = state.meta.rev + 1;
  return { events: [{ type: 'message.rated', messageId, feedback, rev }], meta: { rev }, ops: [], effects: [], answer: { type: 'rated', feedback } };
}
