/** A model whose every text can be told from every other one, and that knows who still listens to it. */
import { pause } from '../../src/ai/providers/pause.ts';
import { ProviderError, type GenerateRequest, type Provider, type ProviderEvent } from '../../src/ai/providers/provider.ts';
import type { Clock } from '../../src/clock.ts';
import type { Around, ModelCall } from './around.ts';

/** The answer to this question, whoever gives it: only such a text can be continued exactly. */
export function answerTo(question: string): string {
  return Array.from({ length: 2 + (question.length % 3) }, (_, i) => `${question}${i}🚀`).join('');
}

/** The text of a call that answers by itself: each piece carries its number. */
function textOfCall(number: number): string {
  return Array.from({ length: 2 + (number % 3) }, (_, i) => `<${number}.${i}🚀`).join('');
}

export class Model implements Provider {
  readonly name = 'simulated';
  readonly model = 'simulated-1';
  readonly #by: string;
  readonly #world: Around;
  readonly #clock: Clock;

  constructor(by: string, world: Around, clock: Clock) {
    this.#by = by;
    this.#world = world;
    this.#clock = clock;
  }

  async *generate(request: GenerateRequest): AsyncIterable<ProviderEvent> {
    const { fate } = this.#world;
    const { prefix, signal } = request;
    const call = this.#begin(request);
    try {
      await pause(this.#clock, 2 + fate.hop(), signal);
      if (signal.aborted) return;
      if (prefix !== '' && fate.refusesPrefill()) throw new ProviderError('ai-refused', 'cannot continue');
      yield* this.#speak(call);
    } finally {
      call.open = false;
    }
  }

  #begin(request: GenerateRequest): ModelCall {
    const { calls, continuation, timeline } = this.#world;
    const number = calls.length + 1;
    const text = continuation === 'prefill' ? answerTo(request.messages.at(-1)?.content ?? '') : textOfCall(number);
    if (continuation !== 'prefill' && request.prefix !== '') timeline.fail(this.#by, 'a model that cannot continue was given a prefix');
    else if (!text.startsWith(request.prefix) && !this.#world.excused) timeline.fail(this.#by, `the prefix is no beginning of the answer: ${JSON.stringify(request.prefix)}`);
    const call = { number, by: this.#by, request, text, open: true };
    calls.push(call);
    return call;
  }

  async *#speak({ request: { prefix, signal }, text }: ModelCall): AsyncIterable<ProviderEvent> {
    const { fate, paceMs } = this.#world;
    for (let at = prefix.length; at < text.length; ) {
      // Pieces of any length, also with half a surrogate pair.
      const piece = text.slice(at, at + 3 + fate.choose(4));
      at += piece.length;
      yield { type: 'text', text: piece };
      const mood = fate.model();
      if (mood === 'breaks-off') throw new ProviderError('ai-unavailable', 'broke off', { transient: true });
      await pause(this.#clock, mood === 'stalls' ? 1_000_000 : 4 + paceMs + 3 * fate.hop(), signal);
      if (signal.aborted) return;
    }
    yield { type: 'finish', finishReason: 'stop' };
  }
}
