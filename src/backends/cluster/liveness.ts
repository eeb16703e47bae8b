/**
 * The liveness of this process's nodes: a key with a short life, renewed several times within it, over the connection
 * that appends and only while a message to itself through the transporter comes back: a half-dead node must lose its
 * sessions. A node that could not renew stops writing before its key ends.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { toWireError } from '../../errors.ts';
import { within } from '../../within.ts';
import type { Lease, LeaseEvents, Presence } from '../contracts.ts';
import { Membership, moment, type Moment } from './membership.ts';
import { Reaper } from './reaper.ts';
import { keys, nodeKeys } from './redis-keys.ts';
import { storeAway, type RedisLink } from './redis-link.ts';
import { OTHER_STORE } from './scripts.ts';
import type { StoreIdentity } from './store-identity.ts';

/** Parts of the TTL: between renewals; after which a node that could not renew writes nothing more; longest wait for the loopback. */
const RENEW = 0.2;
const FENCE = 0.8;
const LOOPBACK = 0.4;
const JOIN_RETRY_MS = 100;

export interface LivenessDeps {
  link: RedisLink;
  identity: StoreIdentity;
  presence: Presence;
  loopback: () => Promise<void>;
  ttlMs: number;
}

export class Liveness {
  readonly reaper: Reaper;
  readonly #deps: LivenessDeps;
  readonly #members = new Map<string, Membership>();
  readonly #ends: (() => void)[];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #beating: Promise<void> | null = null;
  #beatAgain = false;
  #closed = false;
  /** Until then dead nodes are let be: after an outage everybody was silent. */
  #patientUntil = -Infinity;

  constructor(deps: LivenessDeps) {
    this.#deps = deps;
    this.reaper = new Reaper(deps.link);
    const fence = setInterval(() => this.#fence(), Math.max(5, deps.ttlMs / 20));
    this.#ends = [() => clearInterval(fence), deps.presence.onGone((nodeId) => void this.#gone(nodeId))];
    deps.identity.onVerified(() => {
      this.#bePatient();
      this.#beat();
    });
  }

  /** Waits while the store is away, as the start of a process does that never saw it. */
  async join(nodeId: string, events: LeaseEvents): Promise<void> {
    const member = new Membership(nodeId, events);
    while (!(await this.#tryToJoin(member))) await pause(JOIN_RETRY_MS);
    this.#members.set(nodeId, member);
    this.#schedule();
  }

  async leave(nodeId: string): Promise<void> {
    this.#members.delete(nodeId);
    await this.reaper.bury(nodeId);
  }

  member(nodeId: string): Membership | undefined {
    return this.#members.get(nodeId);
  }

  /**
   * To be asked right before each write in a node's name: throws `unavailable` when it may not write any more. A process
   * that slept finds out here. Nodes of other processes are not judged.
   */
  mustBeLive(nodeId: string): void {
    const member = this.#members.get(nodeId);
    if (!member) return;
    this.#fenceIfLate(member);
    if (!member.live) throw storeAway();
  }

  /**
   * As `mustBeLive`, for what a lease allows. A lease from before the store lost data allows nothing until its log is
   * restored; whoever has not done that long after is fenced by the store like anybody else.
   */
  mustHold({ sessionId, nodeId, epoch }: Lease): void {
    this.mustBeLive(nodeId);
    const held = this.#members.get(nodeId)?.leases.get(sessionId);
    const { identity, ttlMs } = this.#deps;
    if (held?.epoch === epoch && held.store !== identity.current && identity.ageMs < 2 * ttlMs) throw storeAway();
  }

  /** ms for which dead nodes' sessions are not to be taken. */
  patienceMs(): number {
    return Math.max(0, Math.ceil(this.#patientUntil - performance.now()));
  }

  /** Something says that a node of ours may be dead: looks at once. */
  doubt(): void {
    this.#beat();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const end of this.#ends) end();
    await this.#beating;
  }

  #bePatient(): void {
    this.#patientUntil = performance.now() + this.#deps.ttlMs;
  }

  #fence(): void {
    for (const member of this.#members.values()) this.#fenceIfLate(member);
  }

  #fenceIfLate(member: Membership): void {
    if (performance.now() - member.renewedAt <= this.#deps.ttlMs * FENCE) return;
    member.lose();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (!this.#closed && this.#members.size > 0) this.#timer = setTimeout(() => this.#beat(), this.#deps.ttlMs * RENEW);
  }

  /** One round for all members; asked for during a round, another one follows. */
  #beat(): void {
    if (this.#closed || this.#members.size === 0) return;
    this.#beatAgain = this.#beating !== null;
    this.#beating ??= this.#round().finally(() => {
      this.#beating = null;
      if (this.#beatAgain) this.#beat();
      else this.#schedule();
    });
  }

  async #round(): Promise<void> {
    try {
      await within(this.#deps.ttlMs * LOOPBACK, 'the loopback', this.#deps.loopback());
    } catch {
      // The transporter does not carry messages: this node cannot do its work, and lets its key end.
      return;
    }
    await Promise.allSettled([...this.#members.values()].map((member) => this.#renew(member)));
  }

  async #renew(member: Membership): Promise<void> {
    this.#fenceIfLate(member);
    if (!member.live) return this.#joinAgain(member);
    const at = moment();
    const { link, identity, ttlMs } = this.#deps;
    if (member.store !== identity.current) return this.#moveToStore(member, at);
    const answer = await link.append('renew', [nodeKeys(member.nodeId).alive, keys.store], [member.token, ttlMs, identity.current]);
    if (answer === OTHER_STORE) return identity.doubt();
    if (answer === 1) return this.#renewed(member, at);
    // Somebody declared it dead, or it was silent too long: what it remembers may be another's by now.
    member.lose();
    this.#beatAgain = true;
  }

  #renewed(member: Membership, at: Moment): void {
    if (at.steady - member.renewedAt > this.#deps.ttlMs / 2) this.#bePatient();
    // A node that fenced itself while the answer was on its way joins anew.
    if (member.live) member.renewed(at);
  }

  /** The store lost data. Who renewed in time still is the owner of what it remembers. */
  async #moveToStore(member: Membership, at: Moment): Promise<void> {
    if (member.silentMs(at) > this.#deps.ttlMs) return member.lose();
    await this.#join(member, at);
    setImmediate(() => member.live && member.events.storeLost());
  }

  async #joinAgain(member: Membership): Promise<void> {
    // First nothing of the old life may be left: its leases are void.
    await this.reaper.bury(member.nodeId);
    if (this.#members.get(member.nodeId) === member) await this.#join(member);
    this.#bePatient();
  }

  /** False: not now. */
  async #tryToJoin(member: Membership): Promise<boolean> {
    try {
      await this.#join(member);
      return true;
    } catch (err) {
      if (this.#closed || toWireError(err).code !== 'unavailable') throw err;
      return false;
    }
  }

  async #join(member: Membership, at = moment()): Promise<void> {
    const { link, identity, ttlMs } = this.#deps;
    const { nodeId, token } = member;
    const store = identity.current;
    const answer = await link.append('join', [keys.nodes, nodeKeys(nodeId).alive, keys.store], [nodeId, token, ttlMs, store]);
    if (answer === OTHER_STORE) {
      identity.doubt();
      throw storeAway();
    }
    if (token === member.token) member.joined(store, at);
  }

  async #gone(nodeId: string): Promise<void> {
    if (this.patienceMs() > 0 || this.#members.has(nodeId)) return;
    try {
      await this.reaper.declareDead(nodeId, () => this.#deps.presence.isGone(nodeId));
    } catch {
      // Its key ends by itself.
    }
  }
}
