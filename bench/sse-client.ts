/** A reader of resumable-stream's server-sent events, with the face of the other clients. */
import { randomUUID } from 'node:crypto';
import { get, type IncomingMessage } from 'node:http';
import type { Client } from './clients.ts';

/** `joiners`: read there what was begun at `makers`, so that the text comes over Redis from one server to the other. */
export function sseClient(makers: string, joiners?: string): Client {
  const client: Client = {
    async send(content = 'x') {
      const path = `/stream?id=${randomUUID()}&ask=${encodeURIComponent(content)}`;
      const made = await request(makers + path);
      if (joiners === undefined) return listen(made, client);
      made.resume();
      listen(await request(joiners + path), client);
    },
    stop: () => {},
    onText: () => {},
    onEnd: () => {},
    close: () => {},
  };
  return client;
}

function request(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => get(url, { agent: false }, resolve).once('error', reject));
}

function listen(response: IncomingMessage, client: Client): void {
  let rest = '';
  response.setEncoding('utf8');
  response.on('data', (data: string) => {
    const events = (rest + data).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const text = event.slice('data: '.length);
      if (text === '[DONE]') client.onEnd();
      else client.onText(text);
    }
  });
}
