/** The event that ended a finished message. */
import type { Message, NewEvent } from '../protocol/wire.ts';

/** null: a user's message, which is whole from the beginning. */
export function endOf({ role, id: messageId, status, finishReason, usage, model, error }: Message): NewEvent | null {
  if (role === 'user') return null;
  switch (status) {
    case 'cancelled':
      return { type: 'message.cancelled', messageId };
    case 'interrupted':
      return { type: 'message.interrupted', messageId };
    case 'failed':
      return error ? { type: 'message.failed', messageId, error } : { type: 'message.interrupted', messageId };
    case 'complete':
    case 'streaming':
      return { type: 'message.completed', messageId, finishReason: finishReason ?? 'stop', ...(usage && { usage }), ...(model && { model }) };
  }
}
