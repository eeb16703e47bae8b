/** Which ai node gets the next run: the balancer's choice, unless that node just refused or did not answer. */
import type { Clock } from '../clock.ts';

/** A full node has a place again soon; a silent one costs a whole time limit to find out. */
const AVOID_MS = { full: 250, silent: 3_000 };

export interface Balanced {
  /** The balancer's next choice; null: there is none. */
  next(): string | null;
  all(): string[];
}

export class AiNodes {
  readonly #nodes: Balanced;
  readonly #clock: Clock;
  readonly #avoided = new Map<string, number>();

  constructor(nodes: Balanced, clock: Clock) {
    this.#nodes = nodes;
    this.#clock = clock;
  }

  avoid(aiNode: string, reason: keyof typeof AVOID_MS): void {
    this.#avoided.set(aiNode, this.#clock.now() + AVOID_MS[reason]);
  }

  /** null: there is no node at all. When all are to be avoided, the one that can be hoped for soonest. */
  pick(): string | null {
    const now = this.#clock.now();
    for (const [aiNode, until] of this.#avoided) if (until <= now) this.#avoided.delete(aiNode);
    const all = this.#nodes.all();
    // Each further choice of the balancer, so that a node's share goes to all the others and not to its neighbour.
    for (let asked = 0; asked < Math.max(1, all.length); asked += 1) {
      const next = this.#nodes.next();
      if (next === null || !this.#avoided.has(next)) return next;
    }
    const until = (id: string): number => this.#avoided.get(id) ?? 0;
    return all.sort((a, b) => until(a) - until(b))[0] ?? null;
  }
}
