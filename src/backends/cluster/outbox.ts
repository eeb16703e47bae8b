/** Audit entries on their way to Kafka: two streams, bounded together in bytes. Appends write to them in their own step. */
import type { AuditEntry, AuditOutbox } from '../contracts.ts';
import { keys } from './redis-keys.ts';
import type { RedisLink } from './redis-link.ts';

export interface OutboxSettings {
  /** False: entries are ignored. */
  on: boolean;
  /** Bound of the entries' JSON text, in bytes. */
  maxBytes: number;
}

type StreamEntry = [id: string, fields: [string, string]];

export class RedisOutbox implements AuditOutbox {
  readonly #link: RedisLink;
  readonly #settings: OutboxSettings;

  constructor(link: RedisLink, settings: OutboxSettings) {
    this.#link = link;
    this.#settings = settings;
  }

  async add(entries: AuditEntry[]): Promise<void> {
    const args = auditArgs(entries, this.#settings);
    if (args.length === 0) return;
    const names = [keys.outbox, keys.outboxDeltas, keys.outboxStats];
    await this.#link.run('outboxAdd', names, [this.#settings.maxBytes, args.length / 2, ...args]);
  }

  async peek(limit: number): Promise<{ key: string; entry: AuditEntry }[]> {
    const answer = await this.#link.run('outboxPeek', [keys.outbox, keys.outboxDeltas], [limit]);
    const [plain, deltas] = answer as [StreamEntry[], StreamEntry[]];
    return [...plain, ...deltas]
      .sort(([a], [b]) => numberOf(a) - numberOf(b))
      .slice(0, limit)
      .map(([id, [, json]]) => ({ key: id, entry: JSON.parse(json) as AuditEntry }));
  }

  async remove(entryKeys: string[]): Promise<void> {
    if (entryKeys.length > 0) await this.#link.run('outboxRemove', [keys.outbox, keys.outboxDeltas, keys.outboxStats], entryKeys);
  }

  async stats(): Promise<{ entries: number; bytes: number; shed: number }> {
    const [entries, bytes, shed] = await this.#link.ask((client) => client.hmget(keys.outboxStats, 'entries', 'bytes', 'shed'));
    return { entries: Number(entries ?? 0), bytes: Number(bytes ?? 0), shed: Number(shed ?? 0) };
  }
}

/** Pairs for a script: 1 for a piece of streamed text (the first to go when the outbox is full) or 0, and the entry. */
export function auditArgs(entries: AuditEntry[], { on }: OutboxSettings): string[] {
  return on ? entries.flatMap((entry) => [entry.type === 'message.delta' ? '1' : '0', JSON.stringify(entry)]) : [];
}

/** Stream ids are `<number>-0`, and the number is below 2^53. */
const numberOf = (id: string): number => Number.parseInt(id, 10);
