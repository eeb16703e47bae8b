/** What a streamed answer says, event by event. */
import { createParser } from 'eventsource-parser';

/**
 * The data of the server-sent events of `body`, as they were read together: one list for each piece of the network's.
 * Rejects as the body does.
 */
export async function* serverSentData(body: ReadableStream<Uint8Array>): AsyncGenerator<string[], void> {
  let data: string[] = [];
  const parser = createParser({ onEvent: (event) => void data.push(event.data) });
  const decoder = new TextDecoder();
  const take = (text: string): string[] => {
    data = [];
    parser.feed(text);
    return data;
  };
  for await (const bytes of body) {
    const events = take(decoder.decode(bytes, { stream: true }));
    if (events.length > 0) yield events;
  }
  // Some servers leave out the empty line behind their last event.
  yield take(`${decoder.decode()}\n\n`);
}
