/**
 * Messages between the processes of the world: late, lost, repeated, out of order. The store carries them (it is the
 * transporter too), so while it is down, or a process is cut off from it, nothing arrives.
 */
import type { Fate } from './fate.ts';
import type { Place, Scheduler } from './scheduler.ts';

/** An error as Moleculer makes it. */
export function brokerError(type: string): Error {
  return Object.assign(new Error(type), { type });
}

export class Network {
  /** So many of the next one-way messages are lost. */
  losing = 0;
  readonly #scheduler: Scheduler;
  readonly #fate: Fate;
  readonly #reaches: (place: Place) => boolean;
  /** When the last thing sent in order arrives, by road. */
  readonly #arrivals = new Map<string, number>();
  /** Calls that wait for an answer of this place. */
  readonly #waiting = new Map<string, Set<(err: Error) => void>>();

  constructor(scheduler: Scheduler, fate: Fate, reaches: (place: Place) => boolean) {
    this.#scheduler = scheduler;
    this.#fate = fate;
    this.#reaches = reaches;
  }

  /** One way, without an acknowledgement and without an order. */
  emit(from: Place, to: Place, deliver: () => void): void {
    const { afterMs, twice } = this.#fate.emit();
    if (afterMs === null || !this.#reaches(from)) return;
    if (this.losing > 0) return void (this.losing -= 1);
    for (let copy = 0; copy < (twice ? 2 : 1); copy += 1) {
      this.#scheduler.after(copy === 0 ? afterMs : afterMs + this.#fate.hop() * 7, to, () => this.#reaches(to) && deliver());
    }
  }

  /** One way too, over one connection: nothing overtakes, and it is lost only with the connection. */
  emitInOrder(from: Place, to: Place, deliver: () => void): void {
    if (!this.#reaches(from)) return;
    const road = `${from.name} ${to.name}`;
    const at = Math.max(this.#arrivals.get(road) ?? 0, this.#scheduler.now + this.#fate.hop());
    this.#arrivals.set(road, at);
    this.#scheduler.after(at - this.#scheduler.now, to, () => this.#reaches(to) && deliver());
  }

  call<T>(from: Place, to: Place, timeoutMs: number, handle: () => Promise<T> | T): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(to.name) ?? new Set();
      this.#waiting.set(to.name, waiting);
      const end = (tell: () => void) => (): void => {
        waiting.delete(fail);
        cancel();
        tell();
      };
      const fail = (err: Error): void => end(() => reject(err))();
      const cancel = this.#scheduler.after(timeoutMs, from, () => fail(brokerError('REQUEST_TIMEOUT')));
      waiting.add(fail);
      const travel = (place: Place, then: () => void): void => {
        const ms = this.#fate.leg();
        if (ms !== null && this.#reaches(from)) this.#scheduler.after(ms, place, () => this.#reaches(to) && this.#reaches(from) && then());
      };
      travel(to, () => {
        settle(handle).then(
          (value) => travel(from, end(() => resolve(value))),
          (err: Error) => travel(from, () => fail(err)),
        );
      });
    });
  }

  /** The registry dropped it: whoever waits for its answer is told. */
  dropped(name: string): void {
    for (const fail of [...(this.#waiting.get(name) ?? [])]) fail(brokerError('REQUEST_REJECTED'));
  }
}

async function settle<T>(handle: () => Promise<T> | T): Promise<T> {
  return handle();
}
