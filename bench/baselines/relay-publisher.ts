/** Baseline "bare relay", the model's side: publishes each token on the room's Redis channel. */
import { Redis } from 'ioredis';
import { textOf } from './model-text.ts';
import type { Asked } from './socket-server.ts';

const url = process.env['REDIS_URL'] ?? '';
const [queue, commands, subscriber] = [new Redis(url), new Redis(url), new Redis(url)];
const running = new Map<string, AbortController>();

async function answer({ room, content }: Asked): Promise<void> {
  const abort = new AbortController();
  running.set(room, abort);
  try {
    for await (const text of textOf(content, abort.signal)) void commands.publish(room, `d${text}`);
    void commands.publish(room, 'e');
  } catch (error) {
    if (!abort.signal.aborted) console.error(error);
  } finally {
    if (running.get(room) === abort) running.delete(room);
  }
}

subscriber.on('message', (_: string, room: string) => running.get(room)?.abort());
await subscriber.subscribe('stop');
console.log('ready');
for (;;) {
  const popped = await queue.blpop('asked', 0);
  if (popped) void answer(JSON.parse(popped[1]) as Asked);
}
