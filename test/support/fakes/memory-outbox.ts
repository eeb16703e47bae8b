import type { AuditEntry, AuditOutbox, AuditReadOptions, AuditSink } from '../../../src/backends/contracts.ts';
import type { Faults } from './faults.ts';
import type { MemoryState } from './memory-state.ts';

export class MemoryOutbox implements AuditOutbox {
  readonly #state: MemoryState;
  readonly #faults: Faults;

  constructor(state: MemoryState, faults: Faults) {
    this.#state = state;
    this.#faults = faults;
  }

  async add(entries: AuditEntry[]): Promise<void> {
    return this.#faults.write('outbox.add', null, () => addToOutbox(this.#state, asJson(entries)));
  }

  async peek(limit: number): Promise<{ key: string; entry: AuditEntry }[]> {
    return this.#faults.read('outbox.peek', null, () =>
      [...this.#state.outbox].slice(0, limit).map(([key, json]) => ({ key, entry: JSON.parse(json) as AuditEntry })),
    );
  }

  async remove(keys: string[]): Promise<void> {
    return this.#faults.write('outbox.remove', null, () => {
      for (const key of keys) this.#state.outbox.delete(key);
    });
  }

  async stats(): Promise<{ entries: number; bytes: number; shed: number }> {
    return this.#faults.read('outbox.stats', null, () => {
      return { entries: this.#state.outbox.size, bytes: bytesIn(this.#state), shed: this.#state.shed };
    });
  }
}

export class MemorySink implements AuditSink {
  readonly #state: MemoryState;
  readonly #faults: Faults;

  constructor(state: MemoryState, faults: Faults) {
    this.#state = state;
    this.#faults = faults;
  }

  async deliver(entries: AuditEntry[]): Promise<void> {
    return this.#faults.write('sink.deliver', null, () => {
      for (const entry of entries) {
        if (!this.#state.delivered.has(entry.id)) this.#state.delivered.set(entry.id, JSON.stringify(entry));
      }
    });
  }

  async read({ sessionId }: AuditReadOptions, take: (entries: AuditEntry[]) => void): Promise<void> {
    return this.#faults.read('sink.read', sessionId ?? null, () => {
      const all = [...this.#state.delivered.values()].map((json) => JSON.parse(json) as AuditEntry);
      take(all.filter((entry) => sessionId === undefined || entry.sessionId === sessionId));
    });
  }
}

/** Apart from writing, because it can throw, and then nothing may have been written. */
export function asJson(entries: AuditEntry[]): string[] {
  return entries.map((entry) => JSON.stringify(entry));
}

export function addToOutbox(state: MemoryState, entries: string[]): void {
  if (!state.options.audit) return;
  for (const entry of entries) state.outbox.set(`k${state.nextTicket()}`, entry);
  while (bytesIn(state) > state.options.outboxBytes) shedOne(state);
}

function shedOne(state: MemoryState): void {
  const keys = [...state.outbox].map(([key, json]) => ({ key, type: (JSON.parse(json) as AuditEntry).type }));
  const victim = keys.find((entry) => entry.type === 'message.delta') ?? keys[0];
  if (!victim) return;
  state.outbox.delete(victim.key);
  state.shed += 1;
}

function bytesIn(state: MemoryState): number {
  let bytes = 0;
  for (const json of state.outbox.values()) bytes += Buffer.byteLength(json);
  return bytes;
}
