/**
 * A model server (OpenAI's chat completions) that writes down what it said, to whom, and when. Each piece of text names
 * its generation, so that no two of them ever say the same; asked to go on from a text, it does.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chunk, sse, type ReceivedBody } from '../support/openai-server.ts';
import type { Generation } from './recording.ts';

export interface Pace {
  /** Pieces of one answer, and how many of them in a second. */
  pieces: number;
  perSecond: number;
}
/** What it does with requests, and with those it is answering. */
export type Mood = 'well' | 'busy' | 'silent';

export class ModelServer {
  /** For OPENAI_BASE_URL. */
  readonly url: string;
  readonly generations: Generation[] = [];
  mood: Mood = 'well';
  readonly #server: Server;
  readonly #pace: Pace;
  readonly #open = new Set<ServerResponse>();

  static async start(pace: Pace): Promise<ModelServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ModelServer(server, pace);
  }

  private constructor(server: Server, pace: Pace) {
    this.#server = server;
    this.#pace = pace;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    server.on('request', (request, response) => void this.#answer(request, response));
  }

  /** Breaks off every answer that is under way. */
  cutAll(): void {
    for (const response of this.#open) response.destroy();
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const piece of request.setEncoding('utf8')) body += String(piece);
    if (this.mood === 'busy') return void response.writeHead(429, { 'content-type': 'application/json' }).end('{"error":{"message":"busy"}}');
    const { messages } = JSON.parse(body) as ReceivedBody;
    const last = messages.at(-1);
    const prefix = last?.role === 'assistant' ? last.content : '';
    const question = messages.findLast(({ role }) => role === 'user')?.content ?? '';
    const generation: Generation = { id: `g${this.generations.length + 1}`, question, prefix, beganAt: Date.now(), pieces: [], finishedAt: null, closedAt: null };
    this.generations.push(generation);
    this.#speak(generation, response);
  }

  #speak(generation: Generation, response: ServerResponse): void {
    const total = Math.max(1, this.#pace.pieces - (generation.prefix.match(/ /g)?.length ?? 0));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(sse(chunk({ role: 'assistant', content: '' })));
    this.#open.add(response);
    const timer = setInterval(() => {
      if (this.mood === 'silent') return;
      const n = generation.pieces.length;
      if (n === total) {
        generation.finishedAt = Date.now();
        clearInterval(timer);
        return void response.end(sse(chunk({}, { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })) + sse('[DONE]'));
      }
      // A pair of surrogates and letters of two and three bytes, so that a bad cut anywhere shows.
      const text = `${generation.id}.${n}${['', '😀', 'đ', 'ế'][n % 4]} `;
      generation.pieces.push({ at: Date.now(), text });
      response.write(sse(chunk({ content: text })));
    }, 1_000 / this.#pace.perSecond);
    response.once('close', () => {
      clearInterval(timer);
      this.#open.delete(response);
      if (generation.finishedAt === null) generation.closedAt = Date.now();
    });
  }
}
