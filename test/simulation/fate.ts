/**
 * What happens to each message, read from a tape of bytes: one byte, one decision. 0 is "at once", and so is everything
 * past the end of the tape: a shorter tape with more zeros is a calmer run, which is how a counterexample shrinks.
 */

/** Which kinds of trouble a byte may mean; without them it is a short delay. */
export interface Weather {
  /** Chunks and calls between nodes that never arrive. */
  losing: boolean;
  /** Chunks that arrive twice. */
  repeating: boolean;
  /** Messages that take seconds. */
  late: boolean;
  /** The store refuses, writes without an answer, or writes after its caller gave up. */
  doubtful: boolean;
  /** The model refuses to continue, breaks off, or stalls. */
  fickle: boolean;
}

export const FINE: Weather = { losing: false, repeating: false, late: false, doubtful: false, fickle: false };

/** Bytes from here on are trouble. */
const TROUBLE = 216;
/** Delays of a usual hop, in ms: enough of them that any two messages may come in either order. */
const HOPS = 9;

/** `afterMs` null: never. */
export interface Journey {
  afterMs: number | null;
  twice: boolean;
}
export interface StoreJourney {
  /** The store refuses it. */
  refused: boolean;
  /** It arrives only after its caller gave up. */
  tooLate: boolean;
  answered: boolean;
  afterMs: number;
}

export class Fate {
  readonly #tape: ArrayLike<number>;
  readonly #weather: Weather;
  #at = 0;
  /** Messages that were lost, doubled or late so far, by kind. */
  readonly troubles = { lostCalls: 0, lostChunks: 0, doubtful: 0, fickle: 0, late: 0 };

  constructor(tape: ArrayLike<number>, weather: Weather) {
    this.#tape = tape;
    this.#weather = weather;
  }

  /** Nothing goes wrong from here on. */
  calm(): void {
    this.#at = this.#tape.length;
  }

  byte(): number {
    const value = this.#tape[this.#at] ?? 0;
    this.#at += 1;
    return value;
  }

  /** A whole number from 0 up to, not including, `below`. */
  choose(below: number): number {
    return below <= 1 ? 0 : this.byte() % below;
  }

  /** In [0, 1). */
  readonly random = (): number => this.byte() / 256;

  /** A hop that always succeeds, in ms. */
  hop(): number {
    return 1 + (this.byte() % HOPS);
  }

  /** One way between nodes. */
  emit(): Journey {
    const byte = this.byte();
    const usual = { afterMs: 1 + (byte % HOPS), twice: false };
    if (byte < TROUBLE) return usual;
    const { losing, repeating, late } = this.#weather;
    if (byte < 232 && losing) {
      this.troubles.lostChunks += 1;
      return { afterMs: null, twice: false };
    }
    if (byte >= 232 && byte < 246 && repeating) return { ...usual, twice: true };
    if (byte >= 246 && late) return { afterMs: this.#late(byte), twice: false };
    return usual;
  }

  /** One leg of a call between nodes. */
  leg(): number | null {
    const byte = this.byte();
    const usual = 1 + (byte % HOPS);
    if (byte < TROUBLE + 8) return usual;
    if (byte < 240 && this.#weather.losing) {
      this.troubles.lostCalls += 1;
      return null;
    }
    return byte >= 240 && this.#weather.late ? this.#late(byte) : usual;
  }

  store(): StoreJourney {
    const byte = this.byte();
    const usual = { refused: false, tooLate: false, answered: true, afterMs: 1 + (byte % 4) };
    if (byte < TROUBLE) return usual;
    if (!this.#weather.doubtful) return byte >= 250 && this.#weather.late ? { ...usual, afterMs: 200 + (byte - 250) * 100 } : usual;
    this.troubles.doubtful += 1;
    if (byte < 228) return { ...usual, refused: true };
    if (byte < 242) return { ...usual, answered: false };
    if (byte < 248) return { ...usual, answered: false, tooLate: true };
    return { ...usual, afterMs: 200 + (byte - 248) * 60 };
  }

  /** What the model does before its next piece. */
  model(): 'speaks' | 'breaks-off' | 'stalls' {
    const byte = this.byte();
    if (byte < 250 || !this.#weather.fickle) return 'speaks';
    this.troubles.fickle += 1;
    return byte < 253 ? 'breaks-off' : 'stalls';
  }

  refusesPrefill(): boolean {
    const refuses = this.byte() >= 224 && this.#weather.fickle;
    if (refuses) this.troubles.fickle += 1;
    return refuses;
  }

  #late(byte: number): number {
    this.troubles.late += 1;
    return 60 * (byte - 230);
  }
}
