/**
 * Stop. Asked before the reply exists, it waits for it; without an answer it asks again, for as long as the reply
 * streams.
 */
import { RETRY, backoffMs } from './backoff.ts';
import type { Environment } from './environment.ts';
import type { SessionView } from './fold.ts';
import type { Outbox } from './outbox.ts';
import { isUnknownOutcome, type ClientError } from './result.ts';
import type { SessionSync } from './session-sync.ts';
import type { Transport } from './transport.ts';

const CANCEL_LIMIT_MS = 4_000;
/** A cancelled reply that is still open after this long: its end was missed, or the cancel was lost. */
const END_LIMIT_MS = 2_000;

export class Canceller {
  private readonly env: Environment;
  private readonly transport: Transport;
  private readonly sync: SessionSync;
  private readonly outbox: Outbox;
  private readonly changed: () => void;
  private readonly problem: (error: ClientError) => void;
  /** The reply to stop. */
  private target: string | null = null;
  /** Or: the message whose reply is to be stopped as soon as it is there. */
  private awaited: string | null = null;
  private inFlight = false;
  private tries = 0;
  private notBefore = 0;

  constructor(env: Environment, transport: Transport, sync: SessionSync, outbox: Outbox, on: { changed: () => void; problem: (error: ClientError) => void }) {
    this.env = env;
    this.transport = transport;
    this.sync = sync;
    this.outbox = outbox;
    this.changed = on.changed;
    this.problem = on.problem;
  }

  get active(): boolean {
    return this.target !== null || this.awaited !== null;
  }

  /** Answers the text of a message that had not been sent yet and is taken back instead. */
  request(): string | null {
    const sending = this.outbox.pending.find((entry) => entry.status === 'sending');
    const streaming = this.sync.view?.streaming ?? null;
    if (streaming !== null) this.target = streaming.messageId;
    else if (sending === undefined) return null;
    else if (this.outbox.isUnsent(sending.clientMessageId)) {
      this.outbox.discard(sending.clientMessageId);
      return sending.content;
    } else this.awaited = sending.clientMessageId;
    this.begin();
    return null;
  }

  /** Stops this reply. */
  stop(replyId: string): void {
    this.target = replyId;
    this.begin();
  }

  private begin(): void {
    this.tries = 0;
    this.notBefore = 0;
    this.changed();
  }

  /** Moves on by what the view shows now. */
  settle(view: SessionView | null): void {
    if (view === null || !this.active) return;
    if (this.awaited !== null) this.find(view, this.awaited);
    if (this.target !== null && view.streaming?.messageId !== this.target) this.target = null;
  }

  private find(view: SessionView, clientMessageId: string): void {
    const asked = view.messages.find((message) => message.clientMessageId === clientMessageId);
    const reply = view.messages.find((message) => message.parentId === asked?.id && message.role === 'assistant');
    if (asked !== undefined && reply !== undefined) {
      this.target = reply.id;
      this.awaited = null;
    } else if (!this.outbox.pending.some((entry) => entry.clientMessageId === clientMessageId && entry.status === 'sending')) this.awaited = null;
  }

  pump(): void {
    const { target } = this;
    const { sessionId, phase } = this.sync;
    if (target === null || sessionId === null || phase !== 'live' || this.inFlight) return;
    if (this.notBefore > this.env.clock.now()) return;
    void this.send(sessionId, target);
  }

  private async send(sessionId: string, messageId: string): Promise<void> {
    this.inFlight = true;
    this.tries += 1;
    const answer = await this.transport.request('message:cancel', { sessionId, messageId }, CANCEL_LIMIT_MS);
    this.inFlight = false;
    if (messageId !== this.target) return;
    if (answer.ok) return this.pumpAfter(END_LIMIT_MS, () => this.sync.reopen());
    const { error } = answer;
    if (error.code === 'timeout') this.transport.check();
    if (isUnknownOutcome(error)) return this.pumpAfter(0);
    if (error.retryable) return this.pumpAfter(Math.max(error.retryAfterMs ?? 0, backoffMs(RETRY, this.tries, this.env.random)));
    this.target = null;
    this.problem(error);
    this.changed();
  }

  private pumpAfter(ms: number, before?: () => void): void {
    this.notBefore = this.env.clock.now() + ms;
    const { target } = this;
    this.env.clock.after(ms, () => {
      if (target === null || target !== this.target) return;
      before?.();
      this.pump();
    });
  }
}
