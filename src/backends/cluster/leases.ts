/** Ownership: one key per session, `<nodeId>/<epoch>`, which every write compares. */
import { newLogId } from '../../ids.ts';
import type { ClaimResult, Lease, LeaseEvents, LeaseStore } from '../contracts.ts';
import type { Liveness } from './liveness.ts';
import { keys, nodeKeys, sessionKeys } from './redis-keys.ts';
import { storeAway, type RedisLink } from './redis-link.ts';
import { NOT_NOW } from './scripts.ts';
import type { StoreIdentity } from './store-identity.ts';

/** How often this node walks over all unsaved sessions, in ms. */
const WALK_MS = 10_000;
/** What `claim` answers, beside OTHER_STORE and NOT_NOW. */
const HELD = 0;
const CLAIMED = 1;
const NOT_JOINED = -5;
const NO_LOG = -6;

export interface LeaseDeps {
  link: RedisLink;
  identity: StoreIdentity;
  liveness: Liveness;
  lockMs: number;
}

export class RedisLeases implements LeaseStore {
  readonly #deps: LeaseDeps;
  #walkedAt = -Infinity;

  constructor(deps: LeaseDeps) {
    this.#deps = deps;
  }

  async claim(sessionId: string, nodeId: string): Promise<ClaimResult> {
    const { link, identity, liveness, lockMs } = this.#deps;
    liveness.mustBeLive(nodeId);
    const member = liveness.member(nodeId);
    const token = member?.token ?? '';
    const store = identity.current;
    const { owner, meta } = sessionKeys(sessionId);
    const { alive, sessions } = nodeKeys(nodeId);
    const names = [owner, meta, keys.unsaved, keys.unowned, alive, sessions, keys.store, keys.settling];
    const answer = await link.append('claim', names, [sessionId, nodeId, token, store, newLogId(), lockMs, liveness.patienceMs()]);
    const result = this.#claimResult(answer as [number, ...unknown[]], sessionId, nodeId);
    if (result.status !== 'claimed' || !member) return result;
    // Void before it was known: what ended meanwhile is told to those who hold something, and this was not held yet.
    if (member.token !== token || !member.live || identity.known !== store) throw storeAway();
    member.leases.set(sessionId, { epoch: result.lease.epoch, store });
    return result;
  }

  #claimResult([status, detail]: [number, ...unknown[]], sessionId: string, nodeId: string): ClaimResult {
    const { identity, liveness } = this.#deps;
    switch (status) {
      case CLAIMED:
        return { status: 'claimed', lease: { sessionId, nodeId, epoch: Number(detail) } };
      case HELD:
        return { status: 'held', nodeId: String(detail) };
      case NOT_NOW:
        return { status: 'settling', retryAfterMs: Number(detail) };
      case NOT_JOINED:
        if (!liveness.member(nodeId)) throw new Error(`Node ${nodeId} has not joined, so it cannot own a session.`);
        liveness.doubt();
        throw storeAway();
      case NO_LOG:
        throw new Error(`Session ${sessionId} has no log, so nobody can own it.`);
      default:
        identity.doubt();
        throw storeAway();
    }
  }

  async release(lease: Lease): Promise<void> {
    const { sessionId, nodeId, epoch } = lease;
    const leases = this.#deps.liveness.member(nodeId)?.leases;
    if (leases?.get(sessionId)?.epoch === epoch) leases.delete(sessionId);
    const names = [sessionKeys(sessionId).owner, nodeKeys(nodeId).sessions, keys.unsaved, keys.unowned];
    await this.#deps.link.append('release', names, [sessionId, leaseText(lease)]);
  }

  async owner(sessionId: string): Promise<{ nodeId: string; epoch: number } | null> {
    const value = await this.#deps.link.ask((client) => client.get(sessionKeys(sessionId).owner));
    if (value === null) return null;
    const slash = value.lastIndexOf('/');
    return { nodeId: value.slice(0, slash), epoch: Number(value.slice(slash + 1)) };
  }

  async join(nodeId: string, events: LeaseEvents): Promise<void> {
    await this.#deps.liveness.join(nodeId, events);
  }

  async leave(nodeId: string): Promise<void> {
    await this.#deps.liveness.leave(nodeId);
  }

  async abandoned(limit: number): Promise<string[]> {
    const { link, identity, liveness } = this.#deps;
    const store = identity.current;
    if (liveness.patienceMs() === 0) {
      await liveness.reaper.reapTheDead();
      await this.#walk();
    }
    return (await link.run('unowned', [keys.unowned, keys.store, keys.settling], [limit, store])) as string[];
  }

  async #walk(): Promise<void> {
    if (performance.now() - this.#walkedAt < WALK_MS) return;
    this.#walkedAt = performance.now();
    await this.#deps.liveness.reaper.findUnowned();
  }
}

/** As the owner's key has it. */
export function leaseText({ nodeId, epoch }: Pick<Lease, 'nodeId' | 'epoch'>): string {
  return `${nodeId}/${epoch}`;
}
