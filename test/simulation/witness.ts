/** Stands inside the store and writes down what it accepted: the truth that everybody else is compared with. */
import type { AppendRequest, Lease, LogMeta } from '../../src/backends/contracts.ts';
import type { Event, Feedback, Message, SessionSettings } from '../../src/protocol/wire.ts';
import { applyToMessage, type MessageEvent } from '../exactness/fold.ts';
import type { Timeline } from './timeline.ts';

export interface Seen {
  /** By logId, then by seq. */
  logs: Map<string, Map<number, Event>>;
  /** The messages as the log tells them, by id. */
  messages: Map<string, Message>;
  deleted: boolean;
  title: string | null;
  settings: SessionSettings;
  ratings: Map<string, Feedback | null>;
  epoch: number;
  claims: number;
  /** The store lost writes it had acknowledged: what was accepted may be gone, unless an owner remembered. */
  lost: boolean;
}

export class Witness {
  readonly sessions = new Map<string, Seen>();
  openReplies = 0;
  readonly #timeline: Timeline;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  of(sessionId: string): Seen {
    let seen = this.sessions.get(sessionId);
    if (!seen) {
      seen = { logs: new Map(), messages: new Map(), deleted: false, title: null, settings: {}, ratings: new Map(), epoch: 0, claims: 0, lost: false };
      this.sessions.set(sessionId, seen);
    }
    return seen;
  }

  granted({ sessionId, nodeId, epoch }: Lease, how: string): void {
    const seen = this.of(sessionId);
    seen.claims += 1;
    this.#timeline.note('store', () => `${sessionId} ${how} by ${nodeId}, epoch ${epoch}`);
    if (epoch <= seen.epoch) this.#timeline.fail('store', `${sessionId}: epoch ${epoch} is not above ${seen.epoch}`);
    seen.epoch = epoch;
  }

  appended({ lease, logId, events, meta }: AppendRequest): void {
    const { sessionId, epoch, nodeId } = lease;
    const seen = this.of(sessionId);
    if (epoch !== seen.epoch) this.#timeline.fail('store', `${sessionId}: stale write of ${nodeId}, epoch ${epoch}, accepted`);
    if (events.length === 0) this.#timeline.note('store', () => `${sessionId} meta ${JSON.stringify(meta)}`);
    for (const event of events) this.#log(seen, sessionId, logId, event);
  }

  /** A whole log, from an owner's memory: what it tells takes the place of what was known, and no other reply is open. */
  restored({ sessionId, logId, title, settings = {} }: LogMeta, events: readonly Event[]): void {
    const seen = this.of(sessionId);
    // They stand in the record, whether an event tells them or not. A session without a title gets its first message's.
    seen.settings = settings;
    seen.title = title === '' ? null : title;
    for (const { id, status } of [...seen.messages.values()]) if (status === 'streaming') this.#forget(seen, id);
    for (const event of events) {
      if (event.type === 'message.created') this.#forget(seen, event.message.id);
      if (event.type === 'session.deleted') seen.deleted = false;
    }
    for (const event of events) this.#log(seen, sessionId, logId, event);
  }

  /** From here on the truth of each session is what survived in its log, and what its owner writes anew. */
  storeLost(survived: (sessionId: string) => readonly Event[]): void {
    this.#timeline.note('store', () => 'lost what it had acknowledged');
    for (const [sessionId, seen] of this.sessions) {
      seen.lost = true;
      for (const id of [...seen.messages.keys()]) this.#forget(seen, id);
      for (const event of survived(sessionId)) this.#fold(seen, sessionId, event);
    }
  }

  /** The event the log has, or had, at this place. */
  at(sessionId: string, logId: string, seq: number): Event | undefined {
    return this.of(sessionId).logs.get(logId)?.get(seq);
  }

  #forget(seen: Seen, messageId: string): void {
    if (seen.messages.get(messageId)?.status === 'streaming') this.openReplies -= 1;
    seen.messages.delete(messageId);
  }

  #log(seen: Seen, sessionId: string, logId: string, event: Event): void {
    Object.freeze(event);
    this.#timeline.note('store', () => `${sessionId} ${logId} ${this.#describe(event)}`);
    const log = seen.logs.get(logId) ?? new Map<number, Event>();
    seen.logs.set(logId, log);
    // A restore that was lost is repeated as it was.
    if (log.has(event.seq) && log.get(event.seq) !== event) this.#timeline.fail('store', `${sessionId}: ${logId} #${event.seq} is used again`);
    if (event.seq > 1 && log.size > 0 && !log.has(event.seq - 1)) this.#timeline.fail('store', `${sessionId}: ${logId} #${event.seq} leaves a hole`);
    log.set(event.seq, event);
    this.#fold(seen, sessionId, event);
  }

  #fold(seen: Seen, sessionId: string, event: Event): void {
    if (seen.deleted && !seen.lost) this.#timeline.fail('store', `${sessionId}: ${event.type} after the session was deleted`);
    if (event.type === 'session.deleted') seen.deleted = true;
    else if (event.type === 'session.renamed') seen.title = event.title;
    else if (event.type === 'session.configured') seen.settings = event.settings;
    else if (event.type === 'message.created') this.#create(seen, event.message);
    else if (event.type === 'message.rated') seen.ratings.set(event.messageId, event.feedback);
    else if ('messageId' in event) this.#change(seen, event);
  }

  #create(seen: Seen, message: Message): void {
    const known = seen.messages.get(message.id);
    if (known && !seen.lost) this.#timeline.fail('store', `message ${message.id} was created twice`);
    if (known) this.#forget(seen, message.id);
    if (message.status === 'streaming') this.openReplies += 1;
    seen.messages.set(message.id, { ...message });
  }

  #change(seen: Seen, event: MessageEvent): void {
    const message = seen.messages.get(event.messageId);
    if (message?.status === 'streaming') {
      applyToMessage(message, event);
      if (message.status !== 'streaming') this.openReplies -= 1;
    } else if (!seen.lost) this.#timeline.fail('store', `${event.type} for message ${event.messageId}, which is ${message?.status ?? 'unknown'}`);
  }

  #describe(event: Event): string {
    const kind = event.type === 'message.created' && event.message.role === 'user' ? 'question-' : 'reply-';
    const id = event.type === 'message.created' ? event.message.id : 'messageId' in event ? event.messageId : '';
    const more = event.type === 'message.delta' ? JSON.stringify(event.text) : event.type === 'message.failed' ? event.error.code : '';
    return `#${event.seq} ${event.type} ${id && this.#timeline.name(kind, id)} ${more}`;
  }
}
