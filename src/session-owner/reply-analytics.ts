/**
 * The figures of an ended reply, from the log's events and the run's record alone: a new owner comes to the same ones.
 * What is not known stays null. No text.
 */
import type { Event } from '../protocol/wire.ts';
import { runNumber, type SessionState } from './state.ts';

type EndEvent = Extract<Event, { type: 'message.completed' | 'message.cancelled' | 'message.failed' | 'message.interrupted' }>;

/** A reply at the moment of its terminal event. */
export interface EndedReply {
  event: EndEvent;
  createdAt: string;
  firstTokenAt: string | null;
  characters: number;
  aiNode: string | null;
  attempts: number | null;
}

export interface ReplyAnalytics {
  replyId: string;
  outcome: 'completed' | 'cancelled' | 'failed' | 'interrupted';
  finishReason: string | null;
  errorCode: string | null;
  model: string | null;
  inputTokens: number | null;
  outputTokens: number | null;
  startedAt: string;
  /** From the accepted message to the first of its text in the log, ms; null when there was none. */
  timeToFirstTokenMs: number | null;
  durationMs: number;
  /** Length of the reply, UTF-16 units. */
  characters: number;
  /** The node of the last run. */
  aiNode: string | null;
  /** Runs that were begun for it. */
  attempts: number | null;
}

/** The reply that this event ends; `before` is the state it meets. `aiNode`: the node that just reported, where one did. */
export function endedBy(before: SessionState, event: Event, aiNode: string | null): EndedReply | null {
  if (!isEnd(event) || before.phase.name !== 'replying' || before.phase.reply.message.id !== event.messageId) return null;
  const { message, run, firstTokenAt } = before.phase.reply;
  return {
    event,
    createdAt: message.createdAt,
    firstTokenAt: firstTokenAt ?? null,
    characters: message.content.length,
    aiNode: run?.aiNode ?? aiNode,
    attempts: run ? runNumber(run) : null,
  };
}

function isEnd(event: Event): event is EndEvent {
  return ['message.completed', 'message.cancelled', 'message.failed', 'message.interrupted'].includes(event.type);
}

export function analyticsOf({ event, createdAt, firstTokenAt, characters, aiNode, attempts }: EndedReply): ReplyAnalytics {
  const completed = event.type === 'message.completed' ? event : null;
  return {
    replyId: event.messageId,
    outcome: event.type.slice('message.'.length) as ReplyAnalytics['outcome'],
    finishReason: completed?.finishReason ?? null,
    errorCode: event.type === 'message.failed' ? event.error.code : null,
    model: completed?.model ?? null,
    inputTokens: completed?.usage?.inputTokens ?? null,
    outputTokens: completed?.usage?.outputTokens ?? null,
    startedAt: createdAt,
    timeToFirstTokenMs: firstTokenAt === null ? null : between(createdAt, firstTokenAt),
    durationMs: between(createdAt, event.at),
    characters,
    aiNode,
    attempts,
  };
}

/** Owners' clocks differ a little: never below 0. */
function between(from: string, to: string): number {
  return Math.max(0, Date.parse(to) - Date.parse(from));
}
