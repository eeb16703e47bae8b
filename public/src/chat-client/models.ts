/** The models that the server offers, so that a page can let its reader choose. */
import { modelsReplySchema, type ModelsReply } from '../../../src/protocol/wire.ts';
import type { Environment } from './environment.ts';
import { callHttp } from './http.ts';
import { Observable } from './observable.ts';
import type { TokenKeeper } from './tokens.ts';

/** A list this old is asked for again when somebody wants it. */
const FRESH_MS = 60_000;

export class Models {
  /** null: not known, because nobody asked yet or the server did not tell. */
  readonly offered = new Observable<ModelsReply | null>(null);
  private readonly env: Environment;
  private readonly url: string;
  private readonly tokens: TokenKeeper;
  private asking: Promise<void> | null = null;
  private askedAt = -Infinity;

  constructor(env: Environment, url: string, tokens: TokenKeeper) {
    this.env = env;
    this.url = url;
    this.tokens = tokens;
  }

  /** Never rejects. One question at a time, and none while the last answer is fresh. */
  load(): Promise<void> {
    const fresh = this.offered.value !== null && this.env.clock.now() - this.askedAt < FRESH_MS;
    if (fresh) return Promise.resolve();
    this.asking ??= this.ask().finally(() => (this.asking = null));
    return this.asking;
  }

  private async ask(): Promise<void> {
    const token = await this.tokens.get();
    if (!token.ok) return;
    const answer = await callHttp(this.env, `${this.url}/api/models`, { token: token.value });
    const models = modelsReplySchema.safeParse(answer.ok ? answer.value : null);
    this.askedAt = this.env.clock.now();
    this.offered.set(models.success ? models.data : null);
  }
}
