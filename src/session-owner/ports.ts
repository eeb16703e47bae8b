/** What an owner needs of the rest of the system. One implementation speaks through the broker, one is simulated. */
import type { ActionParams, ActionResults, EventPayload, MessagePlace, MessageRating, PromptMessage, SessionRecord } from '../protocol/broker.ts';
import type { Message } from '../protocol/wire.ts';

export interface AiPort {
  /** Resolves once a node took the run; rejects with a typed error when none did, or when the answer was lost. */
  generate(params: Omit<ActionParams<'ai.generate'>, 'ownerNode'>): Promise<{ aiNode: string }>;
  /** `known` false: the node is gone or has no such run. Rejects when that cannot be told yet. */
  attach(aiNode: string, params: Omit<ActionParams<'ai.attach'>, 'ownerNode'>): Promise<{ known: boolean }>;
  /** These three are not acknowledged: each is said again by the next chunk that needs it. */
  replay(aiNode: string, params: ActionParams<'ai.replay'>): void;
  abort(aiNode: string, params: ActionParams<'ai.cancel'>): void;
  acknowledge(aiNode: string, params: ActionParams<'ai.ack'>): void;
  /** What this ai node sent up to `credit` is logged. May be lost: it does not wait for ever. */
  taken(aiNode: string, credit: number): void;
}

/** Clients that are told to open again after a loss do so within this time, not all at once. */
export const RESYNC_WITHIN_MS = 1_000;

export interface GatewayPort {
  frames(payload: EventPayload<'gateway.frames'>): void;
  alive(payload: EventPayload<'gateway.alive'>): void;
  resync(payload: EventPayload<'gateway.resync'>): void;
  sessionsChanged(payload: EventPayload<'gateway.sessions-changed'>): void;
}

export interface HistoryPort {
  store(session: SessionRecord, messages: Message[], ratings: MessageRating[]): Promise<{ deleted: boolean }>;
  remove(sessionId: string, userId: string, rev: number): Promise<void>;
  page(sessionId: string, before: number | undefined, limit: number): Promise<{ messages: Message[]; hasMore: boolean }>;
  message(sessionId: string, messageId: string): Promise<Message | null>;
  session(sessionId: string): Promise<{ record: SessionRecord; deleted: boolean } | null>;
  outline(sessionId: string, after: number): Promise<MessagePlace[]>;
  shared(params: ActionParams<'history.shared'>): Promise<ActionResults['history.shared']>;
  search(params: ActionParams<'history.search'>): Promise<ActionResults['history.search']>;
  list(params: ActionParams<'history.list'>): Promise<{ sessions: SessionRecord[]; hasMore: boolean; before?: string }>;
}

export type { PromptMessage };

/** Structured logs: ids only, never message text. */
export interface OwnerLogger {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

export interface OwnerPorts {
  ai: AiPort;
  gateway: GatewayPort;
  history: HistoryPort;
  logger: OwnerLogger;
}
