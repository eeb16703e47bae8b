/**
 * Which gateway the frames of a session go through. An owner beside a gateway uses that one, in process. One without
 * keeps to the same gateway as long as that lives: over two of them the order of a session's frames would be lost.
 */
import { createHash } from 'node:crypto';
import type { Presence } from '../backends/contracts.ts';

/** What is known of the gateways around. */
export interface Gateways {
  /** This node's own id, when it runs a gateway. */
  own(): string | null;
  /** Nodes that run one, as the registry knows. */
  list(): string[];
  isThere(nodeId: string): boolean;
}

interface Pin {
  node: string;
  userId: string;
}

/** Past this the session that was silent the longest is pinned anew with its next frame. */
const MAX_PINS = 20_000;

export class GatewayPins {
  readonly #gateways: Gateways;
  readonly #pins = new Map<string, Pin>();
  /** The registry keeps a killed node for seconds; presence knows sooner. */
  readonly #gone = new Set<string>();

  constructor(gateways: Gateways, presence: Presence) {
    this.#gateways = gateways;
    presence.onGone((nodeId) => this.#gone.add(nodeId));
  }

  /** null: there is no gateway anywhere, and nobody to hear. */
  nodeFor(sessionId: string, userId = ''): string | null {
    const own = this.#gateways.own();
    if (own !== null) return own;
    const pinned = this.#pins.get(sessionId)?.node;
    const node = pinned !== undefined && this.#lives(pinned) ? pinned : this.#choose(sessionId);
    this.#pins.delete(sessionId);
    if (node !== null) this.#remember(sessionId, { node, userId });
    return node;
  }

  /** Sessions whose last frames went to this gateway: when it is gone, perhaps nobody got them. */
  pinnedTo(nodeId: string): { sessionId: string; userId: string }[] {
    return [...this.#pins].flatMap(([sessionId, { node, userId }]) => (node === nodeId ? [{ sessionId, userId }] : []));
  }

  /** Newest last. */
  #remember(sessionId: string, pin: Pin): void {
    this.#pins.set(sessionId, pin);
    if (this.#pins.size <= MAX_PINS) return;
    const [oldest] = this.#pins.keys();
    if (oldest !== undefined) this.#pins.delete(oldest);
  }

  #lives(nodeId: string): boolean {
    return this.#gateways.isThere(nodeId) && !this.#gone.has(nodeId);
  }

  /** Each session its own, evenly; owners of other nodes come to the same one. */
  #choose(sessionId: string): string | null {
    const there = this.#gateways.list();
    const living = there.filter((nodeId) => !this.#gone.has(nodeId));
    // Cut off and back again is better than nobody.
    const candidates = living.length > 0 ? living : there;
    const rank = (nodeId: string): string => createHash('sha1').update(`${sessionId} ${nodeId}`).digest('hex');
    return candidates.map((nodeId) => ({ nodeId, rank: rank(nodeId) })).sort((a, b) => a.rank.localeCompare(b.rank))[0]?.nodeId ?? null;
  }
}
