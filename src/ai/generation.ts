/** Drives a provider to exactly one end: deadlines, retries before the first token, abort. Knows nothing of owners. */
import type { Clock, Random } from '../clock.ts';
import { wireError, type WireError } from '../protocol/errors.ts';
import { runEndSchema, type RunEnd } from '../protocol/broker.ts';
import { ProviderError, type GenerateRequest, type Provider, type ProviderEvent } from './providers/provider.ts';
import { judge } from './retry.ts';

export interface GenerationLimits {
  firstTokenMs: number;
  stallMs: number;
  /** UTF-16 units of the whole reply, what came before this run included. */
  maxChars: number;
  retries: number;
}

export interface GenerationListener {
  text(piece: string): void;
  /** Once, and nothing after it. */
  ended(end: RunEnd): void;
  retrying(error: ProviderError, waitMs: number, attempt: number): void;
  /** For the log only: why it ended `failed`. `thrown` may be anything an outsider's provider throws. */
  failed(thrown: unknown): void;
}

interface Attempt {
  controller: AbortController;
}

export class Generation {
  private readonly provider: Provider;
  private readonly request: Omit<GenerateRequest, 'signal'>;
  private readonly limits: GenerationLimits;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly listener: GenerationListener;
  /** Only this attempt may report; null between attempts and after the end. */
  private current: Attempt | null = null;
  private attempts = 0;
  private startedAt = 0;
  private heardAt: number | null = null;
  private written: number;
  private over = false;
  private stopWatch = (): void => {};
  private stopPause = (): void => {};

  constructor(
    provider: Provider,
    request: Omit<GenerateRequest, 'signal'>,
    limits: GenerationLimits,
    ports: { clock: Clock; random: Random },
    listener: GenerationListener,
  ) {
    this.provider = provider;
    this.request = request;
    this.limits = limits;
    this.clock = ports.clock;
    this.random = ports.random;
    this.listener = listener;
    this.written = request.prefix.length;
  }

  start(): void {
    this.startedAt = this.clock.now();
    this.watch();
    void this.attempt();
  }

  /** Closes the connection to the model server; the listener hears nothing more. */
  abort(): void {
    this.over = true;
    this.stopWatch();
    this.stopPause();
    this.current?.controller.abort();
    this.current = null;
  }

  private async attempt(): Promise<void> {
    const mine: Attempt = { controller: new AbortController() };
    this.current = mine;
    this.attempts += 1;
    try {
      for await (const event of this.provider.generate({ ...this.request, signal: mine.controller.signal })) {
        if (this.current !== mine) return;
        this.onEvent(event);
        if (this.current !== mine) return;
      }
      throw new ProviderError('ai-unavailable', 'The model server broke off its answer. Try again.');
    } catch (thrown) {
      // An attempt that was given up may fail as it likes: its abort is the usual reason.
      if (this.current === mine) this.onFailure(thrown);
    }
  }

  private onEvent(event: ProviderEvent): void {
    if (event.type === 'text' && event.text === '') return;
    this.heardAt = this.clock.now();
    switch (event.type) {
      case 'text':
        this.onText(event.text);
        return;
      case 'thinking':
        return;
      case 'finish':
        this.end(completed(event, this.model));
    }
  }

  /** A model that loops must not fill the log, or run up a bill, until somebody presses Stop. */
  private onText(text: string): void {
    const room = this.limits.maxChars - this.written;
    this.written += text.length;
    this.listener.text(text.slice(0, room));
    if (text.length > room) this.end(completed({ type: 'finish', finishReason: 'length' }, this.model));
  }

  private onFailure(thrown: unknown): void {
    const error = thrown instanceof ProviderError ? thrown : new ProviderError('ai-unavailable', 'The model server could not be used. Try again.');
    const remainingMs = this.deadline() - this.clock.now();
    const retries = this.heardAt === null ? this.limits.retries : 0;
    const verdict = judge({ error, attempts: this.attempts, retries, remainingMs }, this.random);
    if ('fail' in verdict) return this.fail(verdict.fail, thrown);
    this.current?.controller.abort();
    this.current = null;
    this.listener.retrying(error, verdict.retryInMs, this.attempts);
    this.stopPause = this.clock.after(verdict.retryInMs, () => void this.attempt());
  }

  private get model(): string {
    return this.request.model ?? this.provider.model;
  }

  private deadline(): number {
    return this.heardAt === null ? this.startedAt + this.limits.firstTokenMs : this.heardAt + this.limits.stallMs;
  }

  /** One timer that looks again when tokens moved the deadline, instead of one timer per token. */
  private watch(): void {
    const left = this.deadline() - this.clock.now();
    if (left <= 0) return this.onDeadline();
    // The first-token deadline may be the longer one: then the stall deadline must not wait for it.
    this.stopWatch = this.clock.after(Math.min(left, this.limits.stallMs), () => this.watch());
  }

  private onDeadline(): void {
    const [what, ms] = this.heardAt === null ? ['did not begin to answer within', this.limits.firstTokenMs] : ['stopped in its answer for', this.limits.stallMs];
    const error = wireError('ai-timeout', `The model ${what} ${ms / 1000} s. Try again.`);
    this.fail(error, new ProviderError('ai-timeout', error.message));
  }

  private fail(error: WireError, thrown: unknown): void {
    this.listener.failed(thrown);
    this.end({ outcome: 'failed', error });
  }

  private end(end: RunEnd): void {
    if (this.over) return;
    this.abort();
    this.listener.ended(end);
  }
}

/** An end that the wire allows: with usage or names of a wrong shape it would be dropped on its way, and the run never end. */
function completed(finish: ProviderEvent & { type: 'finish' }, model: string): RunEnd {
  const { finishReason, usage } = finish;
  const end = runEndSchema.safeParse({ outcome: 'completed', finishReason, usage, model: finish.model ?? model });
  return end.success ? end.data : { outcome: 'completed', finishReason: 'stop', model };
}
