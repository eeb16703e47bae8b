/** One node of this process among the live ones: what it knows of its own right to write. Times are `performance.now()` ms. */
import { randomId } from '../../ids.ts';
import type { LeaseEvents } from '../contracts.ts';

export class Membership {
  readonly nodeId: string;
  readonly events: LeaseEvents;
  /** The leases it holds, by session: their epochs, and the store that gave them. */
  readonly leases = new Map<string, { epoch: number; store: string }>();
  /** Value of its alive key: a new one for each join. */
  token = randomId(12);
  /** False from the moment its leases are void until it joined again. */
  live = false;
  /** Store in which it is alive. */
  store = '';
  /** Begin of the last renewal that succeeded: its key lives at least one TTL from here. */
  renewedAt = -Infinity;
  #renewedAtWall = 0;

  constructor(nodeId: string, events: LeaseEvents) {
    this.nodeId = nodeId;
    this.events = events;
  }

  joined(store: string, at: Moment): void {
    this.store = store;
    this.live = true;
    this.renewed(at);
  }

  renewed({ steady, wall }: Moment): void {
    this.renewedAt = steady;
    this.#renewedAtWall = wall;
  }

  /** Since the last renewal, by whichever clock says more: one of them may have stood still with the machine. */
  silentMs(now: Moment): number {
    return Math.max(now.steady - this.renewedAt, now.wall - this.#renewedAtWall);
  }

  /** Every lease is void from here on; its user hears of it, but not from inside the call that found out. */
  lose(): void {
    if (!this.live) return;
    this.live = false;
    this.leases.clear();
    this.token = randomId(12);
    setImmediate(() => this.events.lost());
  }
}

export interface Moment {
  steady: number;
  wall: number;
}

export const moment = (): Moment => ({ steady: performance.now(), wall: Date.now() });
