/**
 * Whole texts for clients that asked for them: at most one frame in an interval, and always the last one. Nothing is
 * built while nobody watches, because a whole text per chunk is O(n^2).
 */
import type { Clock } from '../clock.ts';
import type { Message, WholeMessage } from '../protocol/wire.ts';
import type { SessionState } from './state.ts';

export class WholeFrames {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #emit: (frames: WholeMessage[]) => void;
  #watchedUntil = 0;
  #lastAt = -Infinity;
  #sent: { messageId: string; content: string } | null = null;
  #cancelTimer: (() => void) | null = null;

  constructor(clock: Clock, intervalMs: number, emit: (frames: WholeMessage[]) => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#emit = emit;
  }

  /** After an append: `current` gives the state at the moment a frame is built. `ended` replies always get a frame. */
  update(watchedUntil: number, ended: Message[], current: () => SessionState): void {
    this.#watchedUntil = watchedUntil;
    if (watchedUntil <= this.#clock.now()) return this.stop();
    if (ended.length > 0) {
      this.stop();
      this.#emit(ended.map((message) => this.#frame(message, current())));
    }
    if (current().phase.name === 'replying' && !this.#cancelTimer) this.#schedule(current);
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #schedule(current: () => SessionState): void {
    const wait = this.#lastAt + this.#intervalMs - this.#clock.now();
    const fire = (): void => {
      this.#cancelTimer = null;
      const { phase } = current();
      if (phase.name !== 'replying' || this.#watchedUntil <= this.#clock.now()) return;
      this.#lastAt = this.#clock.now();
      this.#emit([this.#frame(phase.reply.message, current())]);
    };
    if (wait <= 0) fire();
    else this.#cancelTimer = this.#clock.after(wait, fire);
  }

  #frame(message: Message, state: SessionState): WholeMessage {
    const before = this.#sent?.messageId === message.id ? this.#sent.content : '';
    const chunk = message.content.startsWith(before) ? message.content.slice(before.length) : message.content;
    this.#sent = { messageId: message.id, content: message.content };
    const { sessionId, logId, head } = state.meta;
    return {
      sessionId,
      messageId: message.id,
      content: message.content,
      chunk,
      isComplete: message.status !== 'streaming',
      status: message.status,
      ...(message.error && { error: message.error }),
      cursor: { logId, seq: head },
    };
  }
}
