/**
 * A model server for measurements: the OpenAI streaming format, with the time of sending written into every token, so
 * that whoever receives it in this process knows how long it travelled.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { performance } from 'node:perf_hooks';
import { stamp } from './stamps.ts';

export interface Upstream {
  baseUrl: string;
  /** Tokens of each answer, and the pause between two in ms; 0 sends them as fast as the socket takes them. */
  shape: { tokens: number; pauseMs: number };
  /** Called when the other side closed the connection before the answer was whole, with performance.now(). */
  onAbort: (at: number) => void;
  close(): Promise<void>;
}

const chunk = (delta: object, finish: string | null): string =>
  `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 0, model: 'bench', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

async function stream(upstream: Upstream, request: IncomingMessage, response: ServerResponse): Promise<void> {
  for await (const _ of request);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let open = true;
  response.on('close', () => {
    open = false;
    if (!response.writableFinished) upstream.onAbort(performance.now());
  });
  const { tokens, pauseMs } = upstream.shape;
  for (let n = 0; n < tokens && open; n += 1) {
    const room = response.write(chunk({ content: stamp() }, null));
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    else if (!room && open) await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
  }
  if (open) response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
}

export async function startUpstream(): Promise<Upstream> {
  const server = createServer((request, response) => void stream(upstream, request, response));
  const upstream: Upstream = {
    baseUrl: '',
    shape: { tokens: 100, pauseMs: 10 },
    onAbort: () => {},
    close: () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    }),
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  upstream.baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  return upstream;
}
