/** What the fake stores keep. Values go in and out as JSON, so that nobody shares an object with the store. */
import type { LeaseEvents, LogMeta, OpResult, StoredFile } from '../../../src/backends/contracts.ts';
import type { MessageRating, SessionRecord } from '../../../src/protocol/broker.ts';
import type { Clock } from '../../../src/clock.ts';

export interface MemoryLog {
  meta: LogMeta;
  /** JSON of each kept event, by seq. */
  events: Map<number, { json: string; appendedAt: number }>;
  ops: Map<string, OpResult>;
  owner: string | null;
  epoch: number;
  batchId: string | null;
  accumulatedUntil: number;
  /** Order in which sessions became unsaved. */
  unsavedSince: number;
  touchedAt: number;
}
export interface MemorySession {
  record: SessionRecord;
  deleted: boolean;
  /** JSON of each message, by id. */
  messages: Map<string, string>;
  ratings: Map<string, MessageRating>;
}
export interface MemoryOptions {
  clock: Clock;
  /** Random; seeded in a simulated world. */
  newLogId: () => string;
  audit: boolean;
  outboxBytes: number;
  retention: { events: number; wholeLogs: number; emptyLogs: number };
}

export class MemoryState {
  readonly options: MemoryOptions;
  readonly logs = new Map<string, MemoryLog>();
  readonly sessions = new Map<string, MemorySession>();
  readonly files = new Map<string, { file: StoredFile; content: Uint8Array; used: boolean }>();
  /** Live nodes and what they are told. */
  readonly nodes = new Map<string, LeaseEvents>();
  /** JSON of each entry, by key; in order. */
  readonly outbox = new Map<string, string>();
  /** JSON of each delivered entry, by id. */
  readonly delivered = new Map<string, string>();
  readonly secrets = new Map<string, string>();
  epoch = 0;
  shed = 0;
  #ticket = 0;

  constructor(options: MemoryOptions) {
    this.options = options;
  }

  /** 1, 2, 3…: what came first has the lower one. */
  nextTicket(): number {
    this.#ticket += 1;
    return this.#ticket;
  }
}

export function copyOf<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
