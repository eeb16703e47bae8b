/**
 * What a session is between two events, and how each event changes it. Pure: the same function replays the log after
 * a takeover and moves the live session on, so the two cannot differ.
 */
import type { LogMeta, MetaPatch, RunRecord } from '../backends/contracts.ts';
import type { MessageRating, SessionRecord } from '../protocol/broker.ts';
import type { Event, Message, MessageStatus, Session, SessionSettings } from '../protocol/wire.ts';

/** A reply that has no terminal event yet. `message.content` is the text logged so far. */
export interface OpenReply {
  message: Message;
  createdSeq: number;
  /** What it began with, of the version it continues; '' for every other reply. */
  kept: string;
  /** When the first of its text came into the log; absent until then. */
  firstTokenAt?: string;
  /** The attempt whose chunks are taken; null until the meta that names it is applied. */
  run: RunRecord | null;
}

export type Phase = { name: 'idle' } | { name: 'replying'; reply: OpenReply } | { name: 'deleted' };

export interface Finished {
  message: Message;
  /** The event that finished it: stored once `storedThrough` reaches it. */
  seq: number;
}

export interface Rated extends MessageRating {
  /** Of its event. */
  seq: number;
}

export interface SessionState {
  meta: LogMeta;
  phase: Phase;
  /** Finished messages that history has not acknowledged, in order. */
  unsaved: Finished[];
  /** Feedback that history has not acknowledged, the newest of each reply. */
  ratings: Rated[];
  /** The reply that ended last, so that a late cancel finds its status here. */
  lastEnded: { id: string; status: MessageStatus } | null;
}

/** The state before any event of the log is applied. */
export function initialState(meta: LogMeta): SessionState {
  return { meta, phase: meta.deleted ? { name: 'deleted' } : { name: 'idle' }, unsaved: [], ratings: [], lastEnded: null };
}

/** Rebuilds the state from a log. Messages whose beginning was trimmed are in history and are passed over. */
export function replay(meta: LogMeta, events: Event[]): SessionState {
  const folded = events.reduce(evolve, initialState(meta));
  const unsaved = folded.unsaved.filter((entry) => entry.seq > meta.storedThrough);
  const ratings = folded.ratings.filter((entry) => entry.seq > meta.storedThrough);
  return withRun({ ...folded, meta, unsaved, ratings }, meta.run);
}

/** Applies one event that is in the log. */
export function evolve(state: SessionState, event: Event): SessionState {
  const next = { ...state, meta: { ...state.meta, head: event.seq } };
  switch (event.type) {
    case 'message.created':
      return created(next, event.message, event.seq);
    case 'message.delta':
      return withReplyText(next, event.messageId, (text) => text + event.text, event.at);
    case 'message.restarted':
      return withReplyText(next, event.messageId, () => '', null);
    case 'message.completed': {
      const { finishReason, usage, model } = event;
      return ended(next, event, 'complete', { finishReason, ...(usage && { usage }), ...(model && { model }) });
    }
    case 'message.cancelled':
      return ended(next, event, 'cancelled', { finishReason: 'cancelled' });
    case 'message.failed':
      return ended(next, event, 'failed', { error: event.error });
    case 'message.interrupted':
      return ended(next, event, 'interrupted', {});
    case 'message.rated':
      return { ...next, ratings: [...next.ratings.filter(({ messageId }) => messageId !== event.messageId), ratingOf(event)] };
    case 'session.switched':
      return next;
    case 'session.configured':
      return { ...next, meta: { ...next.meta, settings: event.settings } };
    case 'session.renamed':
      return { ...next, meta: { ...next.meta, title: event.title } };
    case 'session.pinned':
      return { ...next, meta: { ...next.meta, pinned: event.pinned } };
    case 'session.shared':
      return { ...next, meta: { ...next.meta, share: event.share } };
    case 'session.unshared':
      return { ...next, meta: { ...next.meta, share: null } };
    case 'session.deleted':
      return { ...next, phase: { name: 'deleted' } };
  }
}

function ratingOf({ messageId, feedback, rev, seq }: Extract<Event, { type: 'message.rated' }>): Rated {
  return { messageId, feedback, rev, seq };
}

function created(state: SessionState, message: Message, seq: number): SessionState {
  if (message.status === 'streaming') return { ...state, phase: { name: 'replying', reply: { message, createdSeq: seq, kept: message.content, run: null } } };
  return { ...state, unsaved: [...state.unsaved, { message, seq }] };
}

function openReplyOf(state: SessionState, messageId: string): OpenReply | null {
  return state.phase.name === 'replying' && state.phase.reply.message.id === messageId ? state.phase.reply : null;
}

function withReplyText(state: SessionState, messageId: string, change: (text: string) => string, textAt: string | null): SessionState {
  const reply = openReplyOf(state, messageId);
  if (!reply) return state;
  const message = { ...reply.message, content: change(reply.message.content) };
  const { firstTokenAt: known, ...rest } = reply;
  const firstTokenAt = textAt === null ? null : (known ?? textAt);
  return { ...state, phase: { name: 'replying', reply: { ...rest, message, ...(firstTokenAt !== null && { firstTokenAt }) } } };
}

function ended(
  state: SessionState,
  event: { messageId: string; seq: number },
  status: MessageStatus,
  outcome: Partial<Message>,
): SessionState {
  const reply = openReplyOf(state, event.messageId);
  if (!reply) return state;
  const message = { ...reply.message, ...outcome, status };
  return {
    ...state,
    phase: { name: 'idle' },
    unsaved: [...state.unsaved, { message, seq: event.seq }],
    lastEnded: { id: message.id, status },
  };
}

/** Applies the meta part of an append. */
export function withMeta(state: SessionState, patch: MetaPatch): SessionState {
  const next = { ...state, meta: { ...state.meta, ...patch } };
  return patch.run === undefined ? next : withRun(next, patch.run);
}

function withRun(state: SessionState, run: RunRecord | null): SessionState {
  if (state.phase.name !== 'replying') return state;
  return { ...state, phase: { name: 'replying', reply: { ...state.phase.reply, run } } };
}

/** History has everything up to this seq. */
export function withStored(state: SessionState, storedThrough: number): SessionState {
  return {
    ...state,
    meta: { ...state.meta, storedThrough: Math.max(state.meta.storedThrough, storedThrough) },
    unsaved: state.unsaved.filter((entry) => entry.seq > storedThrough),
    ratings: state.ratings.filter((entry) => entry.seq > storedThrough),
  };
}

/** How far history is once it has all that is finished now. An open reply holds it back to before its beginning. */
export function storableThrough(state: SessionState): number {
  return state.phase.name === 'replying' ? state.phase.reply.createdSeq - 1 : state.meta.head;
}

/** Arguments for history's `store`: the record, and what of messages and ratings it has not acknowledged. */
export function owedToHistory({ meta, unsaved, ratings }: SessionState): [SessionRecord, Message[], MessageRating[]] {
  return [sessionRecord(meta), unsaved.map(({ message }) => message), ratings.map(({ seq: _, ...rating }) => rating)];
}

/** Which run of its reply it is: 1 for the first. Grows with each, whoever owns the session. */
export function runNumber({ attempt, earlier = 0 }: RunRecord): number {
  return earlier + attempt;
}

export function sessionView(meta: LogMeta): Session {
  return recordView(sessionRecord(meta), meta.run !== null);
}

export function recordView({ id, title, createdAt, updatedAt, messageCount, pinned, share }: SessionRecord, streaming: boolean): Session {
  return { id, title, createdAt, updatedAt, messageCount, streaming, ...(pinned && { pinned }), ...(share && { share: { id: share.id, createdAt: share.createdAt } }) };
}

/** For who has the session open: its settings may be long. */
export function wholeSession(meta: LogMeta): Session {
  return { ...sessionView(meta), ...(meta.settings && { settings: meta.settings }) };
}

export function hasSettings(settings: SessionSettings | undefined): settings is SessionSettings {
  return settings !== undefined && Object.keys(settings).length > 0;
}

export function sessionRecord(meta: LogMeta): SessionRecord {
  const { userId, title, rev, createdAt, updatedAt, messageCount, nextPosition, tip, tipParent, settings, pinned, share } = meta;
  const later = { ...(tipParent !== undefined && { tipParent }), ...(settings && { settings }), ...(pinned !== undefined && { pinned }), ...(share && { share }) };
  return { id: meta.sessionId, userId, title, rev, createdAt, updatedAt, messageCount, nextPosition, tip, ...later };
}
