/**
 * Which models this node offers: what its model server lists, as far as AI_MODELS lets it, the default one first. The
 * server is asked once for all who ask meanwhile, and its answer counts for a while.
 */
import type { Clock } from '../clock.ts';
import { chatError } from '../errors.ts';
import type { OfferedModels } from '../protocol/broker.ts';
import { MAX_MODEL_LENGTH } from '../protocol/limits.ts';
import { ProviderError, type Provider } from './providers/provider.ts';
import type { AiLogger } from './run-reporter.ts';

export interface ModelSettings {
  /** Empty: all that there are. */
  AI_MODELS: string[];
  AI_MODELS_CACHE_MS: number;
}

/** Longest wait for the model server's list: a page waits for it. */
const ASK_MS = 4_000;
/** A server that could not be asked is asked again after this. */
const RETRY_MS = 5_000;
/** More than these nobody can choose from. */
const MOST = 500;

export class ModelList {
  readonly #provider: Provider;
  readonly #settings: ModelSettings;
  readonly #clock: Clock;
  readonly #logger: AiLogger;
  #asked: Promise<OfferedModels> | null = null;
  #freshUntil = 0;

  constructor(provider: Provider, settings: ModelSettings, clock: Clock, logger: AiLogger) {
    this.#provider = provider;
    this.#settings = settings;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Never rejects: when the model server cannot be asked there is the default one, and the list is not `complete`. */
  offered(): Promise<OfferedModels> {
    if (this.#asked === null || this.#clock.now() >= this.#freshUntil) {
      // Until it has answered, everybody waits for this answer.
      this.#freshUntil = Infinity;
      this.#asked = this.#ask();
    }
    return this.#asked;
  }

  async #ask(): Promise<OfferedModels> {
    const { model: fallback, name } = this.#provider;
    const { AI_MODELS, AI_MODELS_CACHE_MS } = this.#settings;
    try {
      const listed = await this.#listed();
      this.#freshUntil = this.#clock.now() + AI_MODELS_CACHE_MS;
      const others = AI_MODELS.length > 0 ? AI_MODELS.filter((id) => listed.includes(id)) : listed.toSorted();
      return { default: fallback, models: [...new Set([fallback, ...others])].slice(0, MOST), complete: true };
    } catch (err) {
      this.#freshUntil = this.#clock.now() + RETRY_MS;
      this.#logger.warn({ provider: name, ...why(err) }, 'the models could not be listed');
      return { default: fallback, models: [fallback], complete: false };
    }
  }

  async #listed(): Promise<string[]> {
    if (!this.#provider.models) return [];
    const controller = new AbortController();
    let stop = (): void => {};
    const late = new Promise<never>((_, reject) => {
      stop = this.#clock.after(ASK_MS, () => reject(new ProviderError('ai-timeout', 'The model server did not list its models in time.')));
    });
    try {
      const listed = await Promise.race([this.#provider.models(controller.signal), late]);
      return listed.filter((id) => typeof id === 'string' && id !== '' && id.length <= MAX_MODEL_LENGTH);
    } finally {
      stop();
      controller.abort();
    }
  }
}

/** Errors of another kind may say anything. */
function why(thrown: unknown): object {
  if (thrown instanceof ProviderError) return { code: thrown.code, ...thrown.details };
  return { kind: thrown instanceof Error ? thrown.name : typeof thrown };
}

/** What a session chose may have been taken from AI_MODELS since: it is refused by name, and not answered by another. */
export function checkModel(model: string | undefined, provider: Provider, allowed: string[]): void {
  if (model === undefined || model === provider.model || allowed.length === 0 || allowed.includes(model)) return;
  throw chatError('ai-refused', `The model "${model}" is not offered here any more. Choose another one in the settings of this chat.`);
}
