/** What each part of the simulated world sees of the rest. */
import type { GenerateRequest } from '../../src/ai/providers/provider.ts';
import type { ClientEvent, ClientEventName, MessageStatus } from '../../src/protocol/wire.ts';
import type { Fate } from './fate.ts';
import type { HistoryServer } from './history-server.ts';
import type { Network } from './network.ts';
import type { Place, Scheduler } from './scheduler.ts';
import type { StoreServer } from './store-server.ts';
import type { Timeline } from './timeline.ts';
import type { Witness } from './witness.ts';

export type Continuation = 'prefill' | 'restart' | 'stop';
/** A node that is silent for this long is dead, in ms. */
export const NODE_TTL_MS = 1_500;
export const SESSION = 'session00001';

export interface ModelCall {
  number: number;
  /** The ai node. */
  by: string;
  request: GenerateRequest;
  /** What this call says when nothing stops it. */
  text: string;
  /** The connection is open. */
  open: boolean;
}

/** A process that registries may list. */
export interface Peer {
  readonly name: string;
  readonly place: Place;
  readonly actions: ReadonlyMap<string, (params: never, meta: object) => unknown>;
  readonly events: ReadonlyMap<string, (payload: never) => void>;
  has(service: string): boolean;
}

/** The far end of a socket. */
export interface Client {
  readonly userId: string;
  take(name: string, payload: unknown): void;
  /** The connection ended. */
  cut(): void;
}

export interface Gateway {
  readonly place: Place;
  readonly closed: boolean;
  readonly rooms: Iterable<string>;
  connect(client: Client): void;
  disconnect(client: Client): void;
  handle<N extends ClientEventName>(client: Client, name: N, payload: ClientEvent<N>): Promise<unknown>;
  /** Frames of another gateway. */
  deliver(room: string, name: string, payload: unknown): void;
  resync(): void;
}

/** The road between gateways. */
export interface Road {
  add(gateway: Gateway): void;
  remove(gateway: Gateway): void;
  subscribe(gateway: Gateway, room: string): void;
  unsubscribe(gateway: Gateway, room: string): void;
  joined(gateway: Gateway): Promise<void>;
  publish(from: Gateway, room: string, name: string, payload: unknown): void;
  cut(gateway: Gateway): void;
  restored(gateway: Gateway): void;
}

export interface Around {
  readonly scheduler: Scheduler;
  readonly timeline: Timeline;
  readonly witness: Witness;
  readonly continuation: Continuation;
  readonly fate: Fate;
  /** Ms between two pieces of an answer, more than the shortest. */
  readonly paceMs: number;
  readonly network: Network;
  readonly store: StoreServer;
  readonly history: HistoryServer;
  readonly fanOut: Road;
  /** Every call of a model, in order. */
  readonly calls: ModelCall[];
  /** An owner gave up what only it knew. */
  forgetful: boolean;
  /** The store forgot what only it knew: what was accepted may be gone, and that is not promised. */
  readonly excused: boolean;
  newId(this: void, length: number): string;
  nextNumber(): number;
  pick<T>(among: readonly T[]): T | undefined;
  /** The place can reach the store, and by that everybody else. */
  reaches(place: Place): boolean;
  /** The store sees its connections. */
  isThere(name: string): boolean;
  /** What registries know. */
  known(name: string): Peer | undefined;
  listed(): readonly Peer[];
  offering(action: string): readonly Peer[];
  gateways(): readonly Gateway[];
  accepted(sent: ClientEvent<'message:send'>, answer: { messageId: string; replyId: string }): void;
  cancelled(asked: ClientEvent<'message:cancel'>, answer: { status: MessageStatus }): void;
}
