/**
 * Every broker action and event of the product: its parameters (zod, validated by the broker) and its result.
 * None of these can be reached from a socket or over HTTP; the gateway alone calls them, with a userId it verified.
 */
import { z } from 'zod';
import {
  clientEvents,
  cursorSchema,
  errorSchema,
  eventSchema,
  feedbackSchema,
  finishReasonSchema,
  messageIdSchema,
  messageSchema,
  modeSchema,
  MUST_SAY_SOMETHING,
  saysSomething,
  sessionIdSchema,
  sessionSchema,
  sessionSettingsSchema,
  sharedQuerySchema,
  shareSchema,
  usageSchema,
  type CancelReply,
  type Cursor,
  type FeedbackReply,
  type FoundSession,
  type Message,
  type MessageStatus,
  type OpenReply,
  type PageReply,
  type SearchReply,
  type SelectReply,
  type SendReply,
  type Session,
  type SessionsReply,
  type SharedReply,
  type ShareReply,
  type VersionsReply,
  type WholeMessage,
} from './wire.ts';

const userId = z.string().min(1).max(256);
const runId = z.string().min(1).max(64);
const epoch = z.number().int().min(1);
const ofUser = { userId };

// ---- records --------------------------------------------------------------------------------------------------

/** A session as history keeps it. `rev` grows with every change, so that an older write never wins. */
export const sessionRecordSchema = z.object({
  id: sessionIdSchema,
  userId,
  title: z.string(),
  rev: z.number().int(),
  createdAt: z.string(),
  updatedAt: z.string(),
  messageCount: z.number().int(),
  /** Position the next message gets. */
  nextPosition: z.number().int(),
  /** The newest message of the active path; the parent of the next one. */
  tip: messageIdSchema.nullable(),
  /** What the tip follows; absent in records of earlier versions. */
  tipParent: messageIdSchema.nullable().optional(),
  /** Absent while nothing was ever set. */
  settings: sessionSettingsSchema.optional(),
  /** Absent: it never was. */
  pinned: z.boolean().optional(),
  /** Absent: it is not shared. */
  share: shareSchema.optional(),
});
export type SessionRecord = z.infer<typeof sessionRecordSchema>;

/** What the reader thinks of a reply. Of several the one with the highest `rev` counts; null: taken back. */
export const messageRatingSchema = z.object({ messageId: messageIdSchema, feedback: feedbackSchema.nullable(), rev: z.number().int() });
export type MessageRating = z.infer<typeof messageRatingSchema>;

/** One line of the conversation as a provider gets it. */
export const promptMessageSchema = z.object({
  role: z.enum(['system', 'user', 'assistant']),
  content: z.string(),
  /** Given with it. `text`: as much of a text as there is room for; `image`: the id under which the ai node finds it; neither: there was no room. */
  files: z
    .array(z.object({ name: z.string(), type: z.string(), bytes: z.number(), text: z.string().optional(), cut: z.boolean().optional(), image: z.string().optional() }))
    .optional(),
});
export type PromptMessage = z.infer<typeof promptMessageSchema>;
export type PromptFile = NonNullable<PromptMessage['files']>[number];

export const runEndSchema = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('completed'),
    finishReason: finishReasonSchema,
    usage: usageSchema.optional(),
    model: z.string().optional(),
  }),
  z.object({ outcome: z.literal('failed'), error: errorSchema }),
]);
/** How a run ended by itself. A cancelled run reports nothing: its owner asked for it. */
export type RunEnd = z.infer<typeof runEndSchema>;

/** What an ai node has for one run: text at `offset` (UTF-16 units of the reply's text), and its end once known. */
export const runChunkSchema = z.object({
  runId,
  sessionId: sessionIdSchema,
  offset: z.number().int().min(0),
  text: z.string(),
  end: runEndSchema.optional(),
});
export type RunChunk = z.infer<typeof runChunkSchema>;

/** A message's place in the tree of its session. */
export type MessagePlace = Pick<Message, 'id' | 'parentId' | 'role' | 'position'>;

export interface ActorView {
  sessionId: string;
  userId: string;
  node: string;
  epoch: number;
  logId: string;
  seq: number;
  storedThrough: number;
  state: string;
  runId: string | null;
  aiNode: string | null;
  replyId: string | null;
  queued: number;
}
export interface RunView {
  runId: string;
  sessionId: string;
  ownerNode: string;
  epoch: number;
  characters: number;
  acknowledged: number;
  ended: boolean;
  ageMs: number;
}
export interface AiStatus {
  nodeId: string;
  provider: string;
  model: string;
  load: number;
  capacity: number;
}
export interface OfferedModels {
  /** What a session uses that chose none; the first of `models`. */
  default: string;
  models: string[];
  /** False: the model server could not be asked. */
  complete: boolean;
}
export interface SocketView {
  id: string;
  userId: string;
  address: string;
  connectedAt: string;
  /** When the client was last heard: a packet, or its answer to a ping. */
  lastHeartbeat: string;
  sessions: string[];
}
export interface GatewayStatus {
  nodeId: string;
  sockets: number;
  users: number;
}
/** Who holds a session's lock; `actor`: the asked node has it in memory. */
export interface LockView {
  nodeId: string;
  epoch: number;
  actor: boolean;
}

// ---- actions --------------------------------------------------------------------------------------------------

export const actions = {
  'session-owner.open': z.object({
    ...ofUser,
    ...clientEvents['session:open'].shape,
    cursor: cursorSchema.nullish(),
    mode: modeSchema.optional(),
  }),
  'session-owner.watch': z.object({ sessionIds: z.array(sessionIdSchema) }),
  'session-owner.history': z.object({ ...ofUser, ...clientEvents['session:history'].shape }),
  'session-owner.session': z.object({ ...ofUser, sessionId: sessionIdSchema }),
  'session-owner.list': z.object({ ...ofUser, ...clientEvents['session:list'].shape }),
  'session-owner.search': z.object({ ...ofUser, ...clientEvents['session:search'].shape }),
  'session-owner.send': z
    .object({
      ...ofUser,
      ...clientEvents['message:send'].shape,
      /** Absent: a new session, whose id derives from user and clientMessageId. */
      sessionId: sessionIdSchema.optional(),
    })
    .refine(saysSomething, MUST_SAY_SOMETHING),
  'session-owner.cancel': z.object({ ...ofUser, ...clientEvents['message:cancel'].shape }),
  'session-owner.regenerate': z.object({ ...ofUser, ...clientEvents['message:regenerate'].shape }),
  'session-owner.continue': z.object({ ...ofUser, ...clientEvents['message:continue'].shape }),
  'session-owner.edit': z.object({ ...ofUser, ...clientEvents['message:edit'].shape }).refine(saysSomething, MUST_SAY_SOMETHING),
  'session-owner.select': z.object({ ...ofUser, ...clientEvents['message:select'].shape }),
  'session-owner.versions': z.object({ ...ofUser, ...clientEvents['message:versions'].shape }),
  'session-owner.feedback': z.object({ ...ofUser, ...clientEvents['message:feedback'].shape }),
  'session-owner.rename': z.object({ ...ofUser, ...clientEvents['session:rename'].shape }),
  'session-owner.configure': z.object({ ...ofUser, ...clientEvents['session:configure'].shape }),
  'session-owner.pin': z.object({ ...ofUser, ...clientEvents['session:pin'].shape }),
  'session-owner.share': z.object({ ...ofUser, ...clientEvents['session:share'].shape }),
  'session-owner.unshare': z.object({ ...ofUser, ...clientEvents['session:unshare'].shape }),
  /** Asked on behalf of nobody. */
  'session-owner.shared': sharedQuerySchema,
  'session-owner.delete': z.object({ ...ofUser, ...clientEvents['session:delete'].shape }),
  'session-owner.inspect': z.object({ sessionId: sessionIdSchema.optional() }),
  'session-owner.lock': z.object({ sessionId: sessionIdSchema }),
  'session-owner.release': z.object({ sessionId: sessionIdSchema, nodeId: z.string(), epoch }),

  'ai.generate': z.object({
    runId,
    sessionId: sessionIdSchema,
    replyId: messageIdSchema,
    ownerNode: z.string(),
    epoch,
    /** Which run of this reply it is: 1 for the first, and one more for each that replaces it. */
    runNumber: z.number().int().min(1),
    messages: z.array(promptMessageSchema),
    /** Text of this reply that is logged already and must be continued; offsets begin after it. */
    prefix: z.string(),
    /** The model cannot take its own text up again: it is asked, in words, to go on where the prefix stops. */
    asking: z.boolean().optional(),
    /** Of the session, as they were when the reply began. */
    settings: sessionSettingsSchema.optional(),
  }),
  'ai.attach': z.object({ runId, ownerNode: z.string(), epoch, offset: z.number().int().min(0) }),
  'ai.replay': z.object({ runId, epoch, offset: z.number().int().min(0) }),
  'ai.ack': z.object({
    acks: z.array(z.object({ runId, epoch, offset: z.number().int().min(0), ended: z.boolean() })),
  }),
  'ai.cancel': z.object({ runId, epoch }),
  'ai.status': z.object({}),
  'ai.runs': z.object({}),
  'ai.models': z.object({}),

  'history.store': z.object({ session: sessionRecordSchema, messages: z.array(messageSchema), ratings: z.array(messageRatingSchema).optional() }),
  'history.page': z.object({
    sessionId: sessionIdSchema,
    /** Only positions below this one. */
    before: z.number().int().optional(),
    limit: z.number().int().min(1),
  }),
  'history.message': z.object({ sessionId: sessionIdSchema, messageId: messageIdSchema }),
  'history.session': z.object({ sessionId: sessionIdSchema }),
  'history.outline': z.object({ sessionId: sessionIdSchema, after: z.number().int() }),
  'history.list': z.object({ ...ofUser, ...clientEvents['session:list'].shape }),
  'history.search': z.object({ ...ofUser, ...clientEvents['session:search'].shape }),
  'history.shared': sharedQuerySchema,
  'history.remove': z.object({ sessionId: sessionIdSchema, ...ofUser, rev: z.number().int() }),

  'gateway.sockets': z.object({ sessionId: sessionIdSchema.optional(), userId: userId.optional() }),
  'gateway.status': z.object({}),
  'audit.status': z.object({}),
} as const;

export type ActionName = keyof typeof actions;
export type ActionParams<N extends ActionName> = z.input<(typeof actions)[N]>;
/** What a handler gets: parsed, defaults filled in. */
export type ActionInput<N extends ActionName> = z.output<(typeof actions)[N]>;

/** `status`: the reply's, now; `streaming` when this request began it. */
type SentReply = SendReply & { sessionId: string; status: MessageStatus };

export interface ActionResults {
  'session-owner.open': OpenReply & { before?: string };
  'session-owner.watch': Record<string, Cursor>;
  'session-owner.history': PageReply;
  /** Rejects with `not-found` when this user has no such session. */
  'session-owner.session': Session;
  'session-owner.list': SessionsReply;
  'session-owner.search': SearchReply;
  'session-owner.send': SentReply;
  'session-owner.regenerate': SentReply;
  'session-owner.continue': SentReply;
  'session-owner.edit': SentReply;
  'session-owner.select': SelectReply;
  'session-owner.versions': VersionsReply;
  'session-owner.feedback': FeedbackReply;
  'session-owner.cancel': CancelReply;
  'session-owner.rename': { session: Session };
  'session-owner.configure': { session: Session };
  'session-owner.pin': { session: Session };
  'session-owner.share': ShareReply;
  'session-owner.unshare': { session: Session };
  'session-owner.shared': SharedReply;
  'session-owner.delete': void;
  'session-owner.inspect': ActorView[];
  /** null: nobody holds it. */
  'session-owner.lock': LockView | null;
  /** Takes the lock away that was seen; false: it is not the current one any more. */
  'session-owner.release': boolean;

  'ai.generate': { aiNode: string };
  /** `known` false: this node has no such run (it ended, was never here, or the node is new). */
  'ai.attach': { known: boolean };
  'ai.replay': { known: boolean };
  'ai.ack': void;
  'ai.cancel': { known: boolean };
  'ai.status': AiStatus;
  'ai.runs': RunView[];
  'ai.models': OfferedModels;

  /** `deleted`: the session has a tombstone; nothing was stored and nothing ever will be. */
  'history.store': { deleted: boolean };
  'history.page': { messages: Message[]; hasMore: boolean };
  'history.message': Message | null;
  /** null: never stored; `deleted`: it has a tombstone. */
  'history.session': { record: SessionRecord; deleted: boolean } | null;
  /** Places in the session's tree of all messages above this position, by position; no texts. */
  'history.outline': MessagePlace[];
  'history.list': { sessions: SessionRecord[]; hasMore: boolean; before?: string };
  'history.search': { found: (Omit<FoundSession, 'session'> & { session: SessionRecord })[]; hasMore: boolean; before?: string };
  /** null: nothing is shared under this id. */
  'history.shared': { sessionId: string; page: SharedReply } | null;
  'history.remove': void;

  'gateway.sockets': SocketView[];
  'gateway.status': GatewayStatus;
  /** The outbox (`oldestMs`: age of what waits longest, 0 when nothing does), and what this audit node did since it started; `failing`: the last delivery failed. */
  'audit.status': { entries: number; bytes: number; shed: number; oldestMs: number; delivered: number; failures: number; failing: boolean };
}

// ---- events ---------------------------------------------------------------------------------------------------

export const events = {
  /**
   * ai -> the owner's node (group `session-owner@<node>`): batched per tick. Sent again each second until acknowledged.
   * `credit`: a number to say in `ai.taken`.
   */
  'ai.chunks': z.object({ aiNode: z.string(), chunks: z.array(runChunkSchema), credit: z.number().int().optional() }),
  /** owner -> ai node (group `ai@<node>`): what was sent up to this credit is logged. May be lost. */
  'ai.taken': z.object({ ownerNode: z.string(), credit: z.number().int() }),
  /** owner -> its gateway (group `gateway@<node>`): appended events, in order. */
  'gateway.frames': z.object({
    userId,
    sessionId: sessionIdSchema,
    logId: z.string(),
    events: z.array(eventSchema),
    /** Whole texts of replies, only while an accumulated client asked for them; they come after `events`. */
    whole: z.array(z.custom<WholeMessage>()).optional(),
  }),
  /** A reply is open and nothing new came. */
  'gateway.alive': z.object({ userId, sessionId: sessionIdSchema, logId: z.string(), seq: z.number().int() }),
  /** Clients of the session open it again with their cursor. */
  'gateway.resync': z.object({ userId, sessionId: sessionIdSchema, reason: z.string(), withinMs: z.number().int() }),
  'gateway.sessions-changed': z.object({
    userId,
    sessionId: sessionIdSchema,
    change: z.enum(['created', 'renamed', 'deleted', 'updated']),
    session: sessionSchema.optional(),
  }),
} as const;
export type EventName = keyof typeof events;
export type EventPayload<N extends EventName> = z.input<(typeof events)[N]>;

/** The event group that exactly one node hears. */
export function nodeGroup(service: 'session-owner' | 'gateway' | 'ai', nodeId: string): string {
  return `${service}@${nodeId}`;
}
