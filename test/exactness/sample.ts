/** Recordings made by hand: one session, one question, two tabs; each test bends one thing. */
import type { Event, Message } from '../../src/protocol/wire.ts';
import { TERMINAL } from './fold.ts';
import type { Generation, SessionRecording, TabEntry, TabRecording, TrailEntry } from './recording.ts';

export const LOG = 'Log1';
const AT = '2026-01-01T00:00:00.000Z';
export const PIECES = ['g1.0 ', 'g1.1 ', 'g1.2 '];
export const USER: Message = { id: 'U1', sessionId: 's', position: 1, role: 'user', content: 'why 1', status: 'complete', parentId: null, createdAt: AT, clientMessageId: 'c1' };
export const REPLY: Message = { id: 'R1', sessionId: 's', position: 2, role: 'assistant', content: '', status: 'streaming', parentId: 'U1', createdAt: AT };

export const delta = (seq: number, text: string): Event => ({ type: 'message.delta', seq, at: AT, messageId: 'R1', text });
export const completed = (seq: number): Event => ({ type: 'message.completed', seq, at: AT, messageId: 'R1', finishReason: 'stop' });
export const EVENTS: Event[] = [
  { type: 'message.created', seq: 1, at: AT, message: USER },
  { type: 'message.created', seq: 2, at: AT, message: REPLY },
  ...PIECES.map((text, n) => delta(3 + n, text)),
  completed(6),
];
export const DONE: Message = { ...REPLY, content: PIECES.join(''), status: 'complete' };

export const asks = (at: number, seq: number | null, logId = LOG): TabEntry => ({ kind: 'asks', at, cursor: seq === null ? null : { logId, seq } });
export const opened = (at: number, seq: number, more: { events?: Event[]; messages?: Message[]; resync?: boolean; logId?: string }): TabEntry => {
  const { logId = LOG, resync = false, ...rest } = more;
  return { kind: 'opened', at, reply: { cursor: { logId, seq }, resync, ...rest } };
};
export const frame = (at: number, ...events: Event[]): TabEntry => ({ kind: 'frame', at, logId: LOG, events });

/** Opened before the question, and then a frame for each event. */
export const follower = (name: string, events = EVENTS): TabRecording => ({
  name,
  entries: [asks(1, null), opened(2, 0, { messages: [] }), ...events.map((event) => frame(10 + event.seq, event))],
});
export const trailOf = (events: Event[], epoch = 1, logId = LOG): TrailEntry[] =>
  events.filter(({ type }) => type !== 'message.delta').map((event) => ({
    id: `s:${logId}:${event.seq}`,
    type: event.type,
    logId,
    seq: event.seq,
    epoch,
    messageId: event.type === 'message.created' ? event.message.id : 'messageId' in event ? event.messageId : null,
    ...(event.type in TERMINAL && { content: DONE.content }),
  }));
export const generation = (id: string, pieces: string[], more: Partial<Generation> = {}): Generation => ({
  id,
  question: USER.content,
  prefix: '',
  beganAt: 11,
  pieces: pieces.map((text, n) => ({ at: 12 + n, text })),
  finishedAt: 16,
  closedAt: null,
  ...more,
});

export function good(more: Partial<SessionRecording> = {}): SessionRecording {
  return {
    sessionId: 's',
    tabs: [follower('one'), follower('two')],
    sent: [{ clientMessageId: 'c1', content: USER.content, at: 9, answers: [{ at: 11, messageId: 'U1', replyId: 'R1' }] }],
    generations: [generation('g1', PIECES)],
    stored: [USER, DONE],
    log: { logId: LOG, head: 6, events: EVENTS },
    trail: trailOf(EVENTS),
    faults: [],
    ...more,
  };
}
