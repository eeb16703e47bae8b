/** What an event does to the reply it names, by docs/PROTOCOL.md and not by the product's own code. */
import type { Event, Message } from '../../src/protocol/wire.ts';

export type ReplyEvent = Extract<Event, { messageId: string }>;

const ENDS = {
  'message.completed': 'complete',
  'message.cancelled': 'cancelled',
  'message.failed': 'failed',
  'message.interrupted': 'interrupted',
} as const;

export function applyToReply(message: Message, event: ReplyEvent): void {
  if (event.type === 'message.delta') message.content += event.text;
  else if (event.type === 'message.restarted') message.content = '';
  else message.status = ENDS[event.type];
}
