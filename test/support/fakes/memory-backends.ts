/**
 * In-memory stores with the semantics of the contracts, for unit tests and for a simulated world: one MemoryWorld is
 * the stores, and each simulated node gets its own `backends(faults)` on it.
 */
import { randomBytes } from 'node:crypto';
import type { AuditEntry, Backends } from '../../../src/backends/contracts.ts';
import { systemClock } from '../../../src/clock.ts';
import { newLogId } from '../../../src/ids.ts';
import { Faults } from './faults.ts';
import { MemoryFiles } from './memory-files.ts';
import { MemoryHistory } from './memory-history.ts';
import { endNode, MemoryLeases } from './memory-leases.ts';
import { MemoryEventLog } from './memory-log.ts';
import { MemoryOutbox, MemorySink } from './memory-outbox.ts';
import { FakeQuotas } from './memory-quotas.ts';
import { MemoryState, type MemoryOptions } from './memory-state.ts';

const DAY = 86_400_000;
const defaults: MemoryOptions = {
  clock: systemClock,
  newLogId,
  audit: true,
  outboxBytes: 64 * 1024 * 1024,
  retention: { events: 300_000, wholeLogs: 7 * DAY, emptyLogs: DAY },
};

export class MemoryWorld {
  readonly #state: MemoryState;

  constructor(options: Partial<MemoryOptions> = {}) {
    this.#state = new MemoryState({ ...defaults, ...options });
  }

  /** One node's way to the stores. Closing it closes nothing. */
  backends(faults: Faults = new Faults()): Backends {
    const state = this.#state;
    return {
      mode: 'embedded',
      leases: new MemoryLeases(state, faults),
      log: new MemoryEventLog(state, faults),
      history: new MemoryHistory(state, faults),
      files: new MemoryFiles(state, faults),
      outbox: new MemoryOutbox(state, faults),
      sink: new MemorySink(state, faults),
      quotas: new FakeQuotas(state.options.clock),
      presence: { isGone: async () => false, onGone: () => () => {} },
      network: { transporter: null },
      openFanOut: () => null,
      settled: async () => true,
      secret: async (name) => keptSecret(state, name),
      health: async () => ({ store: { ok: true } }),
      close: async () => {},
    };
  }

  /** The liveness of this node ends, as after a hang: its leases are free, and it is told. */
  loseNode(nodeId: string): void {
    const events = this.#state.nodes.get(nodeId);
    endNode(this.#state, nodeId);
    events?.lost();
  }

  /** The store comes back empty while every node lives through it, and says so. */
  loseData(): void {
    this.#state.logs.clear();
    for (const events of this.#state.nodes.values()) events.storeLost();
  }

  /**
   * Keeps what the logs are now. The answer, called later: the power went, every process died, and of the logs that much
   * was on the disk, while history has what it took.
   */
  keepLogs(): () => void {
    const kept = structuredClone(this.#state.logs);
    return () => {
      this.#state.logs.clear();
      for (const [id, log] of structuredClone(kept)) this.#state.logs.set(id, { ...log, owner: null, meta: { ...log.meta, unsure: true } });
      this.restart();
    };
  }

  /** Every process died and the stores were opened again: no node is alive, every log has a new logId. */
  restart(): void {
    for (const nodeId of [...this.#state.nodes.keys()]) endNode(this.#state, nodeId);
    for (const { meta } of this.#state.logs.values()) meta.logId = anotherLogId(meta.logId, this.#state.options.newLogId);
  }

  /** What the sink got, each id once. */
  delivered(): AuditEntry[] {
    return [...this.#state.delivered.values()].map((json) => JSON.parse(json) as AuditEntry);
  }
}

function anotherLogId(than: string, make: () => string): string {
  let logId = make();
  while (logId === than) logId = make();
  return logId;
}

function keptSecret(state: MemoryState, name: string): string {
  const secret = state.secrets.get(name) ?? randomBytes(32).toString('base64url');
  state.secrets.set(name, secret);
  return secret;
}
