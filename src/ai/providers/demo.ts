/**
 * Answers without any model: word by word, the same for the same conversation, so that any part of an answer can be
 * continued exactly. Speed and length are settings.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../clock.ts';
import { demoText, tokensOf } from './demo-text.ts';
import { pause } from './pause.ts';
import { ProviderError, type GenerateRequest, type Provider, type ProviderEvent } from './provider.ts';

export interface DemoOptions {
  /** 0: as fast as possible. */
  tokensPerSecond: number;
  /** Words of every answer; 0: the question decides. */
  tokens: number;
  clock: Clock;
}

/** Words in one turn of the event loop at full speed; others get their turn in between. */
const BURST = 32;
/** A second model, so that there is something to choose. */
const BRIEF = 'demo-brief';
const BRIEF_TOKENS = 40;

export class DemoProvider implements Provider {
  readonly name = 'demo';
  readonly model = 'demo';
  readonly #models = ['demo', BRIEF];
  private readonly options: DemoOptions;

  constructor(options: DemoOptions) {
    this.options = options;
  }

  async models(): Promise<string[]> {
    return this.#models;
  }

  async *generate({ messages, prefix, signal, model = this.model }: GenerateRequest): AsyncIterable<ProviderEvent> {
    if (!this.#models.includes(model)) throw new ProviderError('ai-refused', `The demo has no model "${model}". Change it in the settings of this chat.`);
    const text = demoText(messages, model === BRIEF ? BRIEF_TOKENS : this.options.tokens);
    if (!text.startsWith(prefix)) throw new ProviderError('ai-refused', 'The demo cannot continue a text that is not its own.');
    const pace = this.pace(signal);
    let spoken = 0;
    for (const token of tokensOf(text.slice(prefix.length))) {
      await pace(spoken);
      if (signal.aborted) return;
      spoken += 1;
      yield { type: 'text', text: token };
    }
    const inputTokens = messages.reduce((sum, message) => sum + wordsOf(message.content), 0);
    yield { type: 'finish', finishReason: 'stop', usage: { inputTokens, outputTokens: spoken }, model };
  }

  /** Waits until token `index` is due, counted from the first one: a late timer does not slow the rest down. */
  private pace(signal: AbortSignal): (index: number) => Promise<void> {
    const { tokensPerSecond, clock } = this.options;
    const startedAt = clock.now();
    return async (index) => {
      if (tokensPerSecond === 0) {
        if (index % BURST === 0) await nextTurn();
        return;
      }
      const wait = startedAt + (index * 1000) / tokensPerSecond - clock.now();
      if (wait > 0) await pause(clock, wait, signal);
    };
  }
}

function wordsOf(text: string): number {
  return text.match(/\S+/gu)?.length ?? 0;
}
