/** What a client shows after each event: the protocol once more, kept apart from product and test client alike. */
import type { Event, Message, MessageStatus } from '../../src/protocol/wire.ts';

export type Shown = Pick<Message, 'id' | 'role' | 'content' | 'status'>;

export const TERMINAL: Partial<Record<Event['type'], MessageStatus>> = {
  'message.completed': 'complete',
  'message.cancelled': 'cancelled',
  'message.failed': 'failed',
  'message.interrupted': 'interrupted',
};

export const shown = ({ id, role, content, status }: Shown): Shown => ({ id, role, content, status });

/** An event that says something of one message. */
export type MessageEvent = Exclude<Extract<Event, { messageId: string }>, { type: 'message.rated' }>;

/** What such an event does to its message. */
export function applyToMessage(message: Pick<Message, 'content' | 'status'>, event: MessageEvent): void {
  if (event.type === 'message.delta') message.content += event.text;
  else if (event.type === 'message.restarted') message.content = '';
  else message.status = TERMINAL[event.type] ?? message.status;
}

/** Applies one event. Answers what is wrong with it, or null. A delta of the short frame names no message: its id is empty. */
export function applyEvent(messages: Map<string, Shown>, event: Event): 'two-ends' | 'doubled' | null {
  if (event.type === 'message.created') {
    const again = messages.has(event.message.id);
    messages.set(event.message.id, shown(event.message));
    return again ? 'doubled' : null;
  }
  if (!('messageId' in event) || event.type === 'message.rated') return null;
  const message = event.messageId === '' ? [...messages.values()].findLast(({ status }) => status === 'streaming') : messages.get(event.messageId);
  if (!message) return null;
  if (TERMINAL[event.type] !== undefined && message.status !== 'streaming') return 'two-ends';
  applyToMessage(message, event);
  return null;
}

/** `complete 812 "g7.1 g7.2 …"`: enough of a message to know it by. */
export function brief({ status, content }: Pick<Shown, 'status' | 'content'>): string {
  return `${status} ${content.length} ${JSON.stringify(content.length > 40 ? `…${content.slice(-40)}` : content)}`;
}

/** null: the same messages with the same texts; else the first difference. */
export function difference(one: Shown[], other: Shown[]): string | null {
  for (let n = 0; n < Math.max(one.length, other.length); n += 1) {
    const [a, b] = [one[n], other[n]];
    if (!a || !b) return `message ${(a ?? b)!.id} is in one of them only`;
    if (a.id !== b.id) return `place ${n} has ${a.id} and ${b.id}`;
    if (a.content !== b.content || a.status !== b.status || a.role !== b.role) return `${a.id} is ${brief(a)} and ${brief(b)}`;
  }
  return null;
}
