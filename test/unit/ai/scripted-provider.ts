/** A provider that says what the test tells it to, when it tells it. */
import type { GenerateRequest, Provider, ProviderEvent } from '../../../src/ai/providers/provider.ts';

type Step = ProviderEvent | { type: 'fail'; error: unknown } | { type: 'close' };

/** One attempt: one call of `generate`. */
export class ScriptedCall {
  readonly request: GenerateRequest;
  private readonly steps: Step[] = [];
  private wake: (() => void) | null = null;

  constructor(request: GenerateRequest) {
    this.request = request;
  }
  get aborted(): boolean {
    return this.request.signal.aborted;
  }
  text(text: string): void {
    this.push({ type: 'text', text });
  }
  thinking(): void {
    this.push({ type: 'thinking' });
  }
  finish(more: Partial<ProviderEvent & { type: 'finish' }> = {}): void {
    this.push({ type: 'finish', finishReason: 'stop', ...more });
  }
  fail(error: unknown): void {
    this.push({ type: 'fail', error });
  }
  /** Ends without `finish`. */
  close(): void {
    this.push({ type: 'close' });
  }

  async *events(): AsyncIterable<ProviderEvent> {
    for (;;) {
      const step = this.steps.shift();
      if (step === undefined) await new Promise<void>((resolve) => (this.wake = resolve));
      else if (step.type === 'fail') throw step.error;
      else if (step.type === 'close') return;
      else yield step;
    }
  }

  private push(step: Step): void {
    this.steps.push(step);
    this.wake?.();
    this.wake = null;
  }
}

/** Does not listen to the signal: what is given up must not matter to the rest. */
export class ScriptedProvider implements Provider {
  readonly name = 'scripted';
  readonly model = 'scripted-1';
  readonly calls: ScriptedCall[] = [];

  generate(request: GenerateRequest): AsyncIterable<ProviderEvent> {
    const call = new ScriptedCall(request);
    this.calls.push(call);
    return call.events();
  }

  /** The newest call, or the one at `index`. */
  call(index = this.calls.length - 1): ScriptedCall {
    const call = this.calls[index];
    if (call === undefined) throw new Error(`the provider was called ${this.calls.length} times, not ${index + 1}`);
    return call;
  }
}
