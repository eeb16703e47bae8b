/** The models that the server offers, so that a page can let its reader choose. */
import type { ModelsReply } from '../../../src/protocol/wire.ts';
import type { Environment } from './environment.ts';
import { Observable } from './observable.ts';
import { isUnknownOutcome } from './result.ts';
import type { Transport } from './transport.ts';

/** A list this old is asked for again when somebody wants it. */
const FRESH_MS = 60_000;

export class Models {
  /** null: not known, because nobody asked yet or the server does not tell. */
  readonly offered = new Observable<ModelsReply | null>(null);
  private readonly env: Environment;
  private readonly transport: Transport;
  private asking: Promise<void> | null = null;
  private askedAt = -Infinity;

  constructor(env: Environment, transport: Transport) {
    this.env = env;
    this.transport = transport;
  }

  /** Never rejects. One question at a time, and none while the last answer is fresh. */
  load(): Promise<void> {
    const fresh = this.offered.value !== null && this.env.clock.now() - this.askedAt < FRESH_MS;
    if (fresh) return Promise.resolve();
    this.asking ??= this.ask().finally(() => (this.asking = null));
    return this.asking;
  }

  private async ask(): Promise<void> {
    const answer = await this.transport.request('models:list', {});
    // Without a connection what was known stays known.
    if (!answer.ok && isUnknownOutcome(answer.error)) return;
    this.askedAt = this.env.clock.now();
    this.offered.set(answer.ok ? answer.value : null);
  }
}
