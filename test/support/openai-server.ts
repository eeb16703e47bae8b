/**
 * A real HTTP server that speaks OpenAI's chat completions, as badly as the test wants. Each request takes the next
 * script; without one it gets a plain answer.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

export interface ReceivedBody {
  model: string;
  temperature?: number;
  stream: boolean;
  stream_options?: { include_usage?: boolean };
  messages: { role: string; content: string }[];
  continue_final_message?: boolean;
  add_generation_prompt?: boolean;
}

export class Exchange {
  readonly body: ReceivedBody;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** When the connection closed, in ms of performance.now(); null while it is open. */
  closedAt: number | null = null;

  constructor(request: IncomingMessage, response: ServerResponse, body: ReceivedBody) {
    this.request = request;
    this.response = response;
    this.body = body;
    request.socket.once('close', () => {
      this.closedAt = performance.now();
    });
  }

  begin(headers: Record<string, string> = {}): void {
    this.response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', ...headers });
    this.response.flushHeaders();
  }

  /** Writes the bytes in pieces of `size`, each a write that has left before the next: splits wherever it falls. */
  async write(text: string, size = Number.POSITIVE_INFINITY): Promise<void> {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) {
      await new Promise<void>((left) => this.response.write(bytes.subarray(at, at + size), () => left()));
      // The client's turn to read, when it lives in this process: otherwise it would find the pieces joined again.
      await nextTurn();
    }
  }

  /** Cuts the connection without an end. */
  drop(): void {
    this.request.socket.destroy();
  }
}

export type Script = (exchange: Exchange) => Promise<void> | void;

export interface AnswerOptions {
  /** Bytes in one write. */
  size?: number;
  /** End of a line. */
  eol?: string;
  /** Comment lines and keep-alives between the events. */
  comments?: boolean;
  /** null: leave it out. */
  finish?: string | null;
  /** Whether `data: [DONE]` comes at the end. */
  done?: boolean;
  usage?: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
  model?: string;
}

export const sse = (data: unknown, eol = '\n'): string => `data: ${typeof data === 'string' ? data : JSON.stringify(data)}${eol}${eol}`;

export function chunk(delta: object, extra: object = {}): object {
  return { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'test-model-1', choices: [{ index: 0, delta, finish_reason: null }], ...extra };
}

/** The whole body of a streamed answer. */
export function answerBody(pieces: string[], options: AnswerOptions = {}): string {
  const { eol = '\n', comments = false, finish = 'stop', done = true, usage } = options;
  const events = [chunk({ role: 'assistant', content: '' }), ...pieces.map((content) => chunk({ content }))];
  if (finish !== null) events.push(chunk({}, { choices: [{ index: 0, delta: {}, finish_reason: finish }] }));
  if (usage) events.push(chunk({}, { choices: [], usage }));
  const between = comments ? `: keep-alive${eol}${eol}:${eol}id: 7${eol}retry: 10${eol}` : '';
  return events.map((event) => between + sse(event, eol)).join('') + (done ? sse('[DONE]', eol) : '');
}

export function answer(pieces: string[], options: AnswerOptions = {}): Script {
  return async (exchange) => {
    exchange.begin();
    await exchange.write(answerBody(pieces, options), options.size);
    exchange.response.end();
  };
}

export function refuse(status: number, error: object | string, headers: Record<string, string> = {}): Script {
  return ({ response }) => {
    const json = typeof error !== 'string';
    response.writeHead(status, { 'content-type': json ? 'application/json' : 'text/html', ...headers });
    response.end(json ? JSON.stringify({ error }) : error);
  };
}

/** Says `pieces` and then nothing, with the connection open. */
export function stallAfter(pieces: string[]): Script {
  return async (exchange) => {
    exchange.begin();
    await exchange.write(answerBody(pieces, { finish: null, done: false }));
  };
}

/** Says `pieces` and then cuts the connection. */
export function dropAfter(pieces: string[]): Script {
  return async (exchange) => {
    await stallAfter(pieces)(exchange);
    exchange.drop();
  };
}

/** Answers GET /v1/models. */
export function listModels(...ids: string[]): Script {
  return ({ response }) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ object: 'list', data: ids.map((id) => ({ id, object: 'model', created: 1, owned_by: 'test' })) }));
  };
}

/** Takes the request and never answers. */
export const silence: Script = () => {};

export interface OpenAiServer {
  /** For OPENAI_BASE_URL. */
  url: string;
  exchanges: Exchange[];
  /** Scripts of the next requests, in order. */
  next(...scripts: Script[]): void;
  close(): Promise<void>;
}

async function readJson(request: IncomingMessage): Promise<ReceivedBody> {
  let text = '';
  for await (const piece of request.setEncoding('utf8')) text += String(piece);
  return JSON.parse(text || '{}') as ReceivedBody;
}

export async function openAiServer(): Promise<OpenAiServer> {
  const scripts: Script[] = [];
  const exchanges: Exchange[] = [];
  const server = createServer((request, response) => {
    request.socket.setNoDelay(true);
    void (async () => {
      const exchange = new Exchange(request, response, await readJson(request));
      exchanges.push(exchange);
      const script = scripts.shift() ?? answer(['Hello', ' there.']);
      await script(exchange);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    exchanges,
    next: (...more) => void scripts.push(...more),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
