/** Baseline "one event per chunk", the model's side: a Moleculer service that emits an event for every token. */
import type { Context } from 'moleculer';
import { eachBroker, type Chunk } from './each-broker.ts';
import { textOf } from './model-text.ts';

interface Answer {
  room: string;
  content: string;
  from: number;
  owner: string;
}

const broker = eachBroker(process.env['NAME'] ?? 'model');

async function answer({ room, content, from, owner }: Answer): Promise<void> {
  let seq = from;
  const emit = (text: string, end: boolean): void => {
    const chunk: Chunk = { room, seq: (seq += 1), text, end };
    void broker.emit('chunk', chunk, { groups: [`gateway@${owner}`] });
  };
  for await (const text of textOf(content)) emit(text, false);
  emit('', true);
}

broker.createService({
  name: 'model',
  actions: {
    answer(ctx: Context<Answer>) {
      answer(ctx.params).catch((error: unknown) => console.error(error));
    },
  },
});
await broker.start();
console.log('ready');
