/**
 * Time and places of a simulated world. One step at a time, in the order of its moment, then of its making; every
 * promise it set off runs before the next one does, so the same plan repeats its run exactly.
 */
import type { Clock } from '../../src/clock.ts';

interface Step {
  at: number;
  order: number;
  place: Place | null;
  run: () => void;
  cancelled: boolean;
}

/** A process: its steps wait while it is paused and are forgotten once it is dead. */
export class Place {
  readonly name: string;
  state: 'up' | 'paused' | 'dead' = 'up';
  readonly parked: Step[] = [];

  constructor(name: string) {
    this.name = name;
  }
}

/** Immediates that wait at a time: each turn of the real event loop then makes so many steps. */
const BURST = 64;
const EPOCH = Date.UTC(2026, 0, 1);

export class Scheduler {
  /** Ms since the beginning of the run. */
  now = 0;
  /** What was done, in order, as one number: two runs with the same one interleaved in the same way. */
  trace = 0;
  steps = 0;
  #order = 0;
  readonly #steps: Step[] = [];

  /** Runs `run` at `place` (null: nowhere, always up) after `ms`. The answer cancels it. */
  after(ms: number, place: Place | null, run: () => void): () => void {
    const step: Step = { at: this.now + Math.max(0, ms), order: (this.#order += 1), place, run, cancelled: false };
    push(this.#steps, step);
    return () => void (step.cancelled = true);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, null, resolve));
  }

  /** The clock that the code at this place sees. */
  clockOf(place: Place | null): Clock {
    return { now: () => EPOCH + Math.floor(this.now), after: (ms, run) => this.after(ms, place, run) };
  }

  pause(place: Place): void {
    if (place.state === 'up') place.state = 'paused';
  }

  /** Everything that waited happens now, in its order. */
  resume(place: Place): void {
    if (place.state !== 'paused') return;
    place.state = 'up';
    for (const step of place.parked.splice(0)) this.after(0, place, () => void (step.cancelled || step.run()));
  }

  kill(place: Place): void {
    place.state = 'dead';
    place.parked.length = 0;
  }

  /** Makes steps until it is `over`, or until `ms` have passed. Answers whether it is over. */
  runUntil(over: () => boolean, ms: number): Promise<boolean> {
    const end = this.now + ms;
    return new Promise((resolve, reject) => {
      let done = false;
      const finish = (isOver: boolean): void => {
        done = true;
        resolve(isOver);
      };
      const turn = (): void => {
        if (done) return;
        try {
          if (over()) finish(true);
          else if (this.#next(end)) setImmediate(turn);
          else finish(false);
        } catch (err) {
          done = true;
          reject(err instanceof Error ? err : new Error(String(err)));
        }
      };
      for (let n = 0; n < BURST; n += 1) setImmediate(turn);
    });
  }

  /** False when nothing is to be done before `end`. */
  #next(end: number): boolean {
    for (let next = this.#steps[0]; next !== undefined && next.at <= end; next = this.#steps[0]) {
      pop(this.#steps);
      if (next.cancelled || next.place?.state === 'dead') continue;
      this.now = next.at;
      if (next.place?.state === 'paused') {
        next.place.parked.push(next);
        continue;
      }
      this.steps += 1;
      this.trace = Math.imul(this.trace ^ next.order, 0x01000193) ^ (this.trace >>> 15);
      next.run();
      return true;
    }
    this.now = end;
    return false;
  }
}

function before(a: Step, b: Step): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** `heap` is a binary heap: its first step is the next one. */
function push(heap: Step[], step: Step): void {
  let place = heap.push(step) - 1;
  while (place > 0) {
    const up = (place - 1) >> 1;
    if (!before(step, heap[up]!)) break;
    heap[place] = heap[up]!;
    place = up;
  }
  heap[place] = step;
}

function pop(heap: Step[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  let place = 0;
  for (let down = 1; down < heap.length; down = 2 * place + 1) {
    if (down + 1 < heap.length && before(heap[down + 1]!, heap[down]!)) down += 1;
    if (!before(heap[down]!, last)) break;
    heap[place] = heap[down]!;
    place = down;
  }
  heap[place] = last;
}
