/**
 * The baseline: what people write first. One process, socket.io, the upstream's chunks sent on to a room as they come.
 * No log, no history, no ownership: a reload or a crash loses the answer.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import OpenAI from 'openai';
import { Server } from 'socket.io';

const openai = new OpenAI({ baseURL: process.env['OPENAI_BASE_URL'], apiKey: 'x', maxRetries: 0 });
const http = createServer();
const io = new Server(http, { transports: ['websocket'], serveClient: false });

async function answer(room: string, signal: AbortSignal): Promise<void> {
  const stream = await openai.chat.completions.create({ model: 'bench', stream: true, messages: [{ role: 'user', content: 'x' }] }, { signal });
  for await (const part of stream) {
    const text = part.choices[0]?.delta.content;
    if (text) io.to(room).emit('delta', [room, text]);
  }
  io.to(room).emit('end', room);
}

io.on('connection', (socket) => {
  const running = new Map<string, AbortController>();
  socket.on('join', (room: string, ack: () => void) => {
    void socket.join(room);
    ack();
  });
  socket.on('send', (room: string, _content: string, ack: () => void) => {
    const abort = new AbortController();
    running.set(room, abort);
    answer(room, abort.signal).catch((err: unknown) => {
      if (!abort.signal.aborted) console.error(err);
    });
    ack();
  });
  socket.on('stop', (room: string) => running.get(room)?.abort());
});
http.listen(0, '127.0.0.1', () => console.log(`ready at http://127.0.0.1:${(http.address() as AddressInfo).port}`));
