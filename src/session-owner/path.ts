/** The way from a message to the first one of its session, against the order in which it was said. */
import type { Message } from '../protocol/wire.ts';

/** Messages that are kept elsewhere. */
export interface Stored {
  /** The newest `limit` below the position `before`, oldest first, of all versions. */
  page(before: number, limit: number): Promise<{ messages: Message[] }>;
  message(id: string): Promise<Message | null>;
}
export interface PathEnd {
  /** null: there is no way to go. */
  id: string | null;
  /** Above the message's position. */
  below: number;
}

/**
 * From the end upwards. `known` is asked first and grows; the rest is read in pages as far as it is asked for. A part of
 * other versions, however long, is passed over with one question. Ends early where a message is missing.
 */
export async function* pathUp(end: PathEnd, known: Map<string, Message>, stored: Stored, pageSize: number): AsyncGenerator<Message> {
  const take = async (before: number): Promise<void> => {
    const { messages } = await stored.page(before, pageSize);
    for (const message of messages) if (!known.has(message.id)) known.set(message.id, message);
  };
  let { id, below } = end;
  while (id !== null) {
    if (!known.has(id)) await take(below);
    if (!known.has(id)) {
      const far = await stored.message(id);
      if (!far) return;
      await take(far.position + 1);
      known.set(id, known.get(id) ?? far);
    }
    const message = known.get(id);
    // What follows another message stands above it; anything else would lead round and round.
    if (!message || message.position >= below) return;
    yield message;
    id = message.parentId;
    below = message.position;
  }
}
