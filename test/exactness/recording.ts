/**
 * What was seen of one session from all sides, for the checker. Times are epoch ms of one clock: that of the process that
 * plays the clients and the model server.
 */
import type { Cursor, Event, Message, OpenReply } from '../../src/protocol/wire.ts';

export type TabEntry =
  /** It opens its session; frames from here on wait for the answer. */
  | { kind: 'asks'; at: number; cursor: Cursor | null }
  | { kind: 'opened'; at: number; reply: Pick<OpenReply, 'cursor' | 'resync' | 'events' | 'messages'> }
  | { kind: 'refused'; at: number }
  | { kind: 'frame'; at: number; logId: string; events: Event[] }
  /** Its connection ended. */
  | { kind: 'cut'; at: number }
  /** It forgot everything, as a reload does. */
  | { kind: 'forgot'; at: number };

/** Everything one tab got, in the order in which it came. */
export interface TabRecording {
  name: string;
  entries: TabEntry[];
}

/** One message a client wanted to send; the texts of a session are all different. */
export interface Sent {
  clientMessageId: string;
  content: string;
  at: number;
  /** One for each time it was accepted, from whichever tab. */
  answers: { at: number; messageId: string; replyId: string }[];
}

/** One answer of the model server; its pieces name it, so that no two of them say the same. */
export interface Generation {
  id: string;
  /** The question it answers. */
  question: string;
  /** Text it was asked to go on from. */
  prefix: string;
  beganAt: number;
  pieces: { at: number; text: string }[];
  /** When it had said all, and when its connection closed before that. */
  finishedAt: number | null;
  closedAt: number | null;
}

/** The event log as it lies in its store at the end. */
export interface LogAtRest {
  logId: string;
  head: number;
  events: Event[];
}

/** An event in the audit trail; repeats included. */
export interface TrailEntry {
  id: string;
  type: string;
  logId: string;
  seq: number;
  epoch: number;
  messageId: string | null;
  /** Of a finished message: all of it. */
  content?: string;
}

export interface Span {
  from: number;
  to: number;
}

export interface SessionRecording {
  sessionId: string;
  tabs: TabRecording[];
  sent: Sent[];
  generations: Generation[];
  stored: Message[];
  /** null: it is not kept any more. */
  log: LogAtRest | null;
  /** null: there is no audit. */
  trail: TrailEntry[] | null;
  /** When something was broken, and the time it takes to get over it. */
  faults: Span[];
}

/**
 * - gap: events or text are missing · repeat: an event came twice · reorder: an event came after a later one
 * - seq-reused: two different events at one place of one log
 * - text-changed: what was shown became something else without a word
 * - differs: two of tab, log, history and trail do not tell the same
 * - mixed-runs: a text that no run of the model gave · ran-twice: a run more than was needed
 * - two-ends, no-end: of one reply
 * - lost, doubled: an accepted message, or its reply · unknown: a message nobody sent
 * - stale-write: an event written under a lease that was not the newest · not-audited: what the trail lacks
 */
export type VerdictKind =
  | 'gap' | 'repeat' | 'reorder' | 'seq-reused' | 'text-changed' | 'differs' | 'mixed-runs' | 'ran-twice' | 'two-ends' | 'no-end'
  | 'lost' | 'doubled' | 'unknown' | 'stale-write' | 'not-audited';

export interface Verdict {
  kind: VerdictKind;
  sessionId: string;
  /** Which tab, message or log, and what about it. */
  detail: string;
  at?: number;
}

export type Found = Omit<Verdict, 'sessionId'>;

/** True when nothing was broken then. */
export const isCalm = (faults: Span[], { from, to }: Span): boolean => !faults.some((fault) => fault.from <= to && fault.to >= from);
