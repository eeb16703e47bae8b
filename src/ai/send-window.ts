/**
 * How much one owner may have before it: past that, text waits here and goes into fewer, larger events, so that an owner
 * under load gets batches instead of a queue. Counted in chunks, each of which costs the owner an append: a few sessions
 * at a model's usual pace never wait, many at once go one event at a time. Pure.
 */

/** Chunks that an owner may have and did not say it logged. */
const WIDTH = 16;
/** With so many sent it is asked to say it: one answer for several events. */
const ASK_AT = 8;

export class SendWindow {
  #sent = 0;
  #asked = 0;
  #taken = 0;
  /** What was taken when it was last seen to be closed. */
  #stuckAt: number | null = null;

  get isOpen(): boolean {
    return this.#sent - this.#taken < WIDTH;
  }

  /** Counts an event of so many chunks. A number: the owner is to say it, once this event and all before it are logged. */
  next(chunks: number): number | undefined {
    this.#sent += chunks;
    if (this.#sent - this.#asked < ASK_AT) return undefined;
    this.#asked = this.#sent;
    return this.#sent;
  }

  taken(credit: number): void {
    this.#taken = Math.max(this.#taken, Math.min(credit, this.#sent));
  }

  /** To be asked at intervals. Closed for a whole one: what was sent, or its answer, is lost; it begins anew. */
  look(): void {
    if (!this.isOpen && this.#stuckAt === this.#taken) this.#taken = this.#sent;
    this.#stuckAt = this.isOpen ? null : this.#taken;
  }
}
