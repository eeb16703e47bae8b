/**
 * One queue, one handler at a time. What arrives while the handler is busy is handed over together the next time:
 * under load batches grow by themselves, and an idle session never waits for a timer.
 */
export class Mailbox<T> {
  readonly #handle: (items: T[]) => Promise<void>;
  #waiting: T[] = [];
  #busy = false;
  #closed = false;
  #turn: Promise<void> = Promise.resolve();
  #whenIdle: (() => void)[] = [];

  /** `handle` must not reject: whoever can fail knows best what that means. */
  constructor(handle: (items: T[]) => Promise<void>) {
    this.#handle = handle;
  }

  get length(): number {
    return this.#waiting.length;
  }

  get idle(): boolean {
    return !this.#busy && this.#waiting.length === 0;
  }

  /** False when the mailbox is closed: the item was not taken. */
  push(item: T): boolean {
    if (this.#closed) return false;
    this.#waiting.push(item);
    if (!this.#busy) void this.#drain();
    return true;
  }

  /** Takes nothing more and gives back what nobody handled. */
  close(): T[] {
    this.#closed = true;
    return this.#waiting.splice(0);
  }

  /** Resolves when nothing waits and nothing is being handled. */
  idled(): Promise<void> {
    return this.idle ? Promise.resolve() : new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** Resolves when what is being handled now is done. */
  turn(): Promise<void> {
    return this.#turn;
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    while (this.#waiting.length > 0) {
      this.#turn = this.#handle(this.#waiting.splice(0));
      await this.#turn;
    }
    this.#busy = false;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}
