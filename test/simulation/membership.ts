/**
 * One process among the live ones, as src/backends/cluster/liveness.ts and store-identity.ts have it, in virtual time: it
 * renews its key, stops writing before that ends, begins anew after it was declared dead, and finds out which store it
 * talks to after each break of its connection.
 */
import type { Lease, LeaseEvents } from '../../src/backends/contracts.ts';
import type { Clock } from '../../src/clock.ts';
import { storeAway, type StoreConnection } from './store-connection.ts';
import type { StoreServer } from './store-server.ts';

const RENEW = 0.2;
const FENCE = 0.8;
const RETRY_MS = 50;

interface MembershipParts {
  server: StoreServer;
  connection: StoreConnection;
  clock: Clock;
  ttlMs: number;
  newId(length: number): string;
}

export class Membership {
  readonly leases = new Map<string, { epoch: number; store: string }>();
  readonly #parts: MembershipParts;
  #nodeId = '';
  #events: LeaseEvents | null = null;
  token: string;
  live = false;
  /** The store it knows; null while that is not certain. */
  #store: string | null = null;
  #known: string | null = null;
  #changedAt = -Infinity;
  /** The store in which it is alive. */
  #memberOf = '';
  #renewedAt = -Infinity;
  #patientUntil = -Infinity;
  #verifying = false;
  #beating = false;
  #ended = false;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
    this.token = parts.newId(6);
    parts.connection.onOtherStore = () => this.doubt();
  }

  get patienceMs(): number {
    return Math.max(0, this.#patientUntil - this.#parts.clock.now());
  }

  /** The id of the store that writes go to. */
  get store(): string {
    if (this.#store === null) throw storeAway();
    return this.#store;
  }

  /** For where it only matters whether it is still the same. */
  get known(): string | null {
    return this.#known;
  }

  async join(nodeId: string, events: LeaseEvents): Promise<void> {
    this.#nodeId = nodeId;
    this.#events = events;
    await this.#verify();
    while (!this.live && !this.#ended) await this.#join(this.#parts.clock.now()).catch(() => this.#soon());
    this.#watch();
    this.#schedule();
  }

  async leave(): Promise<void> {
    this.#ended = true;
    this.live = false;
    const { connection, server } = this.#parts;
    await connection.call(() => server.bury(this.#nodeId));
  }

  /** To be asked right before each write: a process that slept finds out here. */
  mustBeLive(): void {
    this.#fenceIfLate();
    if (!this.live) throw storeAway();
  }

  /** A lease from before the store lost data allows nothing until its log is restored. */
  mustHold({ sessionId, epoch }: Lease): void {
    this.mustBeLive();
    const held = this.leases.get(sessionId);
    const { clock, ttlMs } = this.#parts;
    if (held?.epoch === epoch && held.store !== this.store && clock.now() - this.#changedAt < 2 * ttlMs) throw storeAway();
  }

  /** Another store, a new connection: looks which one it is. */
  doubt(): void {
    this.#store = null;
    void this.#verify();
  }

  /** Something says that this node is dead. */
  suspect(): void {
    void this.#beat();
  }

  /** To die with its connection up: declared dead by others as soon as they know. */
  async declareDead(nodeId: string): Promise<void> {
    if (this.patienceMs > 0 || !this.live) return;
    const { connection, server } = this.#parts;
    await connection.call(() => server.bury(nodeId)).catch(() => {});
  }

  async #verify(): Promise<void> {
    if (this.#verifying) return;
    this.#verifying = true;
    const { connection, server, clock, newId } = this.#parts;
    while (this.#store === null && !this.#ended) {
      try {
        const id = await connection.call(() => server.identify(newId(8)));
        if (id !== this.#known) this.#changedAt = clock.now();
        this.#known = id;
        this.#store = id;
      } catch {
        await this.#soon();
      }
    }
    this.#verifying = false;
    this.#patientUntil = clock.now() + this.#parts.ttlMs;
    if (this.#memberOf !== '') void this.#beat();
  }

  #soon(): Promise<void> {
    return new Promise((resolve) => void this.#parts.clock.after(RETRY_MS, resolve));
  }

  #schedule(): void {
    if (!this.#ended) this.#parts.clock.after(this.#parts.ttlMs * RENEW, () => void this.#beat().finally(() => this.#schedule()));
  }

  async #beat(): Promise<void> {
    if (this.#beating || this.#ended || this.#store === null) return;
    this.#beating = true;
    try {
      await this.#renew();
    } catch {
      // Tried again with the next beat.
    }
    this.#beating = false;
  }

  async #renew(): Promise<void> {
    const { server, connection, clock, ttlMs } = this.#parts;
    const at = clock.now();
    this.#fenceIfLate();
    if (!this.live) return this.#joinAgain();
    const store = this.store;
    if (this.#memberOf !== store) {
      if (at - this.#renewedAt > ttlMs) return this.#lose();
      await this.#join(at);
      clock.after(0, () => this.live && this.#events?.storeLost());
      return;
    }
    if (!(await connection.call(() => server.renew(store, this.#nodeId, this.token)))) return this.#lose();
    if (at - this.#renewedAt > ttlMs / 2) this.#patientUntil = clock.now() + ttlMs;
    if (this.live) this.#renewedAt = at;
  }

  async #joinAgain(): Promise<void> {
    const { server, connection, clock, ttlMs } = this.#parts;
    await connection.call(() => server.bury(this.#nodeId));
    await this.#join(clock.now());
    this.#patientUntil = clock.now() + ttlMs;
  }

  async #join(at: number): Promise<void> {
    const { server, connection } = this.#parts;
    const { store, token } = this;
    await connection.call(() => server.join(store, this.#nodeId, token));
    if (token !== this.token || this.#ended) return;
    this.#memberOf = store;
    this.live = true;
    this.#renewedAt = at;
  }

  /** Looks again when the last renewal is so old that it must not write any more. */
  #watch(): void {
    const { clock, ttlMs } = this.#parts;
    if (this.#ended) return;
    this.#fenceIfLate();
    const left = this.#renewedAt + ttlMs * FENCE - clock.now();
    clock.after(left >= 0 ? left + 1 : ttlMs * RENEW, () => this.#watch());
  }

  #fenceIfLate(): void {
    const { clock, ttlMs } = this.#parts;
    if (clock.now() - this.#renewedAt > ttlMs * FENCE) this.#lose();
  }

  /** Every lease is void from here on; its user hears of it, but not from inside the call that found out. */
  #lose(): void {
    if (!this.live) return;
    this.live = false;
    this.leases.clear();
    this.token = this.#parts.newId(6);
    this.#parts.clock.after(0, () => this.#events?.lost());
  }
}
