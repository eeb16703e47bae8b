/** How a log that is behind history is brought forward (`lost-reply.ts`): in one append, the owner's first. */
import { wireError, type WireError } from '../protocol/errors.ts';
import type { Message, NewEvent } from '../protocol/wire.ts';
import { nothing, touched, type Decision, type Rules } from './decision.ts';
import type { Behind } from './inputs.ts';
import { endOf } from './reply-end.ts';
import type { SessionState } from './state.ts';

export function bringForward(state: SessionState, behind: Behind, rules: Rules): Decision {
  const { record, ended, lost } = behind;
  // What has been written since is told by its own events.
  if (state.meta.head !== behind.head || state.phase.name === 'deleted') return nothing;
  const open = state.phase.name === 'replying' ? state.phase.reply.message : null;
  const events = [...(open && ended ? endingAs(open, ended) : []), ...(lost ? failing(lost) : [])];
  const forward = record ? { ...state, meta: { ...state.meta, ...recordPart(record) } } : state;
  return {
    ...nothing,
    events,
    // Also when nothing else changes: with this append the log is sure again.
    meta: { ...(record && recordPart(record)), opsComplete: false, ...(events.length > 0 && { ...touched(forward, rules), run: null }) },
    effects: record || lost ? [{ type: 'sessions-changed', change: 'updated' }] : [],
  };
}

function recordPart({ title, updatedAt, rev, nextPosition, messageCount, tip, tipParent, settings, pinned, share }: NonNullable<Behind['record']>) {
  const later = { ...(tipParent !== undefined && { tipParent }), ...(settings && { settings }), ...(pinned !== undefined && { pinned }) };
  return { title, updatedAt, rev, nextPosition, messageCount, tip, share: share ?? null, ...later };
}

export function lostInOutage(): WireError {
  return wireError('unavailable', 'The answer was lost in an outage. Try again.');
}

/** What is missing of the text, and the end: the reply is then the same in both. */
function endingAs(open: Message, whole: Message): NewEvent[] {
  const { id: messageId } = open;
  const goesOn = whole.content.startsWith(open.content);
  const text = goesOn ? whole.content.slice(open.content.length) : whole.content;
  const end = endOf(whole);
  return [
    ...(goesOn ? [] : [{ type: 'message.restarted', messageId, reason: 'run-lost' } as const]),
    ...(text === '' ? [] : [{ type: 'message.delta', messageId, text } as const]),
    ...(end ? [end] : []),
  ];
}

/** Both events in one append: nobody sees it open again. */
function failing(reply: Message): NewEvent[] {
  return [
    { type: 'message.created', message: reply },
    { type: 'message.failed', messageId: reply.id, error: lostInOutage() },
  ];
}
