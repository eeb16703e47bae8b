/**
 * A model inside the process that asks it (loaded with --import): `fetch` of http://model.bench/ answers with a stream
 * in OpenAI's format. So a token's way begins in the ai process, and no model server takes part in what is measured.
 * The question says the shape: "tokens=200 pause=20 delay=300", times in ms; pause 0 is as fast as it is read; chars=4
 * makes tokens of that many characters instead of stamps; hold=1000 keeps the stream open after the last token.
 */
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { stamp } from './stamps.ts';

interface Shape {
  tokens: number;
  pause: number;
  delay: number;
  chars: number;
  hold: number;
}

const encoder = new TextEncoder();

function shapeOf(question: string): Shape {
  const shape: Shape = { tokens: 100, pause: 10, delay: 0, chars: 0, hold: 0 };
  for (const [, name, value] of question.matchAll(/(tokens|pause|delay|chars|hold)=(\d+)/g)) shape[name as keyof Shape] = Number(value);
  return shape;
}

function chunk(delta: object, finish: string | null): string {
  return `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 0, model: 'bench', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
}

const token = ({ chars }: Shape): string => chunk({ content: chars > 0 ? `${'x'.repeat(chars - 1)} ` : stamp() }, null);
const end = (): string => `${chunk({}, 'stop')}data: [DONE]\n\n`;

/** Real replies do not tick in step: each begins somewhere within the first pause. */
async function* speak(shape: Shape): AsyncGenerator<string> {
  await pause(shape.delay + Math.random() * shape.pause);
  if (shape.pause === 0) {
    // Each token in a turn of its own: nothing is batched before it is read.
    for (let n = 0; n < shape.tokens; n += 1) {
      await turn();
      yield token(shape);
    }
  } else {
    const began = performance.now();
    for (let n = 0; n < shape.tokens; n += 1) {
      const wait = began + n * shape.pause - performance.now();
      if (wait > 1) await pause(wait);
      yield token(shape);
    }
  }
  if (shape.hold > 0) await pause(shape.hold, undefined, { ref: false });
  yield end();
}

function answer(init: RequestInit | undefined): Response {
  const { messages } = JSON.parse(String(init?.body)) as { messages: { role: string; content: string }[] };
  const words = speak(shapeOf(messages.filter(({ role }) => role === 'user').at(-1)?.content ?? ''));
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await words.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await words.return(undefined);
    },
  }, { highWaterMark: 0 });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}

const realFetch = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const url = input instanceof Request ? input.url : String(input);
  return url.startsWith('http://model.bench/') ? answer(init) : realFetch(input, init);
};
