import type { ClaimResult, Lease, LeaseEvents, LeaseStore } from '../../../src/backends/contracts.ts';
import type { Faults } from './faults.ts';
import type { MemoryState } from './memory-state.ts';

export class MemoryLeases implements LeaseStore {
  readonly #state: MemoryState;
  readonly #faults: Faults;

  constructor(state: MemoryState, faults: Faults) {
    this.#state = state;
    this.#faults = faults;
  }

  async claim(sessionId: string, nodeId: string): Promise<ClaimResult> {
    return this.#faults.write('leases.claim', sessionId, () => {
      if (!this.#state.nodes.has(nodeId)) throw new Error(`Node ${nodeId} has not joined, so it cannot own a session.`);
      const log = this.#state.logs.get(sessionId);
      if (!log) throw new Error(`Session ${sessionId} has no log, so nobody can own it.`);
      if (log.owner !== null && log.owner !== nodeId) return { status: 'held', nodeId: log.owner };
      this.#state.epoch += 1;
      log.owner = nodeId;
      log.epoch = this.#state.epoch;
      return { status: 'claimed', lease: { sessionId, nodeId, epoch: log.epoch } };
    });
  }

  async release(lease: Lease): Promise<void> {
    return this.#faults.write('leases.release', lease.sessionId, () => {
      const log = this.#state.logs.get(lease.sessionId);
      if (log?.owner === lease.nodeId && log.epoch === lease.epoch) log.owner = null;
    });
  }

  async owner(sessionId: string): Promise<{ nodeId: string; epoch: number } | null> {
    return this.#faults.read('leases.owner', sessionId, () => {
      const log = this.#state.logs.get(sessionId);
      return log?.owner ? { nodeId: log.owner, epoch: log.epoch } : null;
    });
  }

  async join(nodeId: string, events: LeaseEvents): Promise<void> {
    return this.#faults.write('leases.join', null, () => void this.#state.nodes.set(nodeId, events));
  }

  async leave(nodeId: string): Promise<void> {
    return this.#faults.write('leases.leave', null, () => endNode(this.#state, nodeId));
  }

  async abandoned(limit: number): Promise<string[]> {
    return this.#faults.read('leases.abandoned', null, () =>
      [...this.#state.logs.values()]
        .filter((log) => log.owner === null && log.meta.storedThrough < log.meta.head)
        .sort((a, b) => a.unsavedSince - b.unsavedSince)
        .slice(0, limit)
        .map((log) => log.meta.sessionId),
    );
  }
}

/** The node's liveness and leases are gone. */
export function endNode(state: MemoryState, nodeId: string): void {
  state.nodes.delete(nodeId);
  for (const log of state.logs.values()) if (log.owner === nodeId) log.owner = null;
}
