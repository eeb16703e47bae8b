/**
 * Baseline resumable-stream (npm), as its README shows it: a GET that makes the stream or joins the one that is there,
 * answered as server-sent events.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createResumableStreamContext } from 'resumable-stream/ioredis';
import { textOf } from './model-text.ts';

const context = createResumableStreamContext({ waitUntil: (task) => void task });

function makeStream(content: string): ReadableStream<string> {
  return new ReadableStream<string>({
    async start(controller) {
      for await (const text of textOf(content)) controller.enqueue(`data: ${text}\n\n`);
      controller.enqueue('data: [DONE]\n\n');
      controller.close();
    },
  });
}

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  if (pathname !== '/stream') return void response.end('ok');
  const stream = await context.resumableStream(searchParams.get('id') ?? '', () => makeStream(searchParams.get('ask') ?? ''));
  if (!stream) return void response.writeHead(422).end();
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  const reader = stream.getReader();
  for (let step = await reader.read(); !step.done; step = await reader.read()) response.write(step.value);
  response.end();
}

const server = createServer((request, response) => {
  respond(request, response).catch((error: unknown) => {
    console.error(error);
    response.destroy();
  });
});
server.listen(Number(process.env['PORT']), '127.0.0.1', () => console.log('ready'));
