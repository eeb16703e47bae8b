/** Another version is to be shown, in every tab. One switch at a time; it ends by itself, whatever becomes of it. */
import type { Environment } from './environment.ts';
import type { SessionView } from './fold.ts';
import { watchForEvent } from './missed-event.ts';
import type { ClientError } from './result.ts';
import type { SessionSync } from './session-sync.ts';
import type { Transport } from './transport.ts';

interface Target {
  readonly messageId: string;
  /** Where the path ends now, once the server said so. */
  tip: string | null;
}

export class VersionSwitch {
  private readonly env: Environment;
  private readonly transport: Transport;
  private readonly sync: SessionSync;
  private readonly changed: () => void;
  private readonly problem: (error: ClientError) => void;
  private target: Target | null = null;

  constructor(env: Environment, transport: Transport, sync: SessionSync, on: { changed: () => void; problem: (error: ClientError) => void }) {
    this.env = env;
    this.transport = transport;
    this.sync = sync;
    this.changed = on.changed;
    this.problem = on.problem;
  }

  /** The version that was asked for and is not shown yet; null: none is. */
  get pending(): string | null {
    return this.target?.messageId ?? null;
  }

  async to(messageId: string): Promise<void> {
    const { sessionId } = this.sync;
    if (sessionId === null || this.target !== null) return;
    const target: Target = { messageId, tip: null };
    this.target = target;
    this.changed();
    const answer = await this.transport.request('message:select', { sessionId, messageId });
    // Its event may have come first.
    if (this.target !== target) return;
    if (answer.ok) return this.made(target, answer.value.tip);
    if (answer.error.code === 'timeout') this.transport.check();
    this.drop();
    this.problem(answer.error);
  }

  /** Done when the view shows it, or the end of its path: a long path may begin after it. */
  settle(view: SessionView | null): void {
    const { target } = this;
    if (target === null || view === null) return;
    const shown = view.messages.some(({ id }) => id === target.messageId) || view.messages.at(-1)?.id === target.tip;
    if (shown || view.deleted) this.target = null;
  }

  private made(target: Target, tip: string): void {
    target.tip = tip;
    this.changed();
    watchForEvent(this.env, this.sync, () => this.target === target, () => this.drop());
  }

  private drop(): void {
    this.target = null;
    this.changed();
  }
}
