/**
 * Wire protocol, version 1: every frame between a client and a gateway, as zod schemas shared by server and browser.
 * The prose is docs/PROTOCOL.md. Fields are added freely and never renamed.
 */
import { z } from 'zod';
import { ERROR_CODES, type WireError } from './errors.ts';
import * as limits from './limits.ts';

// ---- values ---------------------------------------------------------------------------------------------------

const id = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, "-" or "_"');
export const sessionIdSchema = id;
export const messageIdSchema = id;

export const cursorSchema = z.object({
  logId: z.string().min(1).max(32),
  /** The last event the client has; 0 means none. */
  seq: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
});
export type Cursor = z.infer<typeof cursorSchema>;

export const modeSchema = z.enum(['delta', 'accumulated']);
export type Mode = z.infer<typeof modeSchema>;

export const usageSchema = z.object({ inputTokens: z.number().int(), outputTokens: z.number().int() });
export type Usage = z.infer<typeof usageSchema>;

export const finishReasonSchema = z.enum(['stop', 'length', 'content-filter', 'cancelled']);
export type FinishReason = z.infer<typeof finishReasonSchema>;

export const statusSchema = z.enum(['complete', 'streaming', 'cancelled', 'failed', 'interrupted']);
export type MessageStatus = z.infer<typeof statusSchema>;

export const errorSchema: z.ZodType<WireError, WireError> = z.object({
  code: z.enum(ERROR_CODES),
  message: z.string(),
  retryable: z.boolean(),
  retryAfterMs: z.number().optional(),
});

export const ratingSchema = z.enum(['up', 'down']);
export type Rating = z.infer<typeof ratingSchema>;

/** What the reader thinks of a reply. */
export const feedbackSchema = z.object({ rating: ratingSchema, comment: z.string().optional() });
export type Feedback = z.infer<typeof feedbackSchema>;

/** A file that was given with a message: what is known of it. Its content is at `GET /api/files/<id>`. */
export const fileSchema = z.object({
  id,
  name: z.string(),
  /** `image/png`, `image/jpeg`, `image/webp`, `image/gif`, `text/markdown`, or `text/plain` for every other text. */
  type: z.string(),
  bytes: z.number().int(),
  /** The model is given only so many bytes of it, from its beginning; absent: all of it. */
  read: z.number().int().optional(),
});
export type MessageFile = z.infer<typeof fileSchema>;

export const messageSchema = z.object({
  id: messageIdSchema,
  sessionId: sessionIdSchema,
  /** Place in the session, from 1; survives logs and is never derived from a clock. */
  position: z.number().int(),
  clientMessageId: z.string().optional(),
  role: z.enum(['user', 'assistant']),
  content: z.string(),
  status: statusSchema,
  /** The message this one follows; null for the first. Versions of the same turn share it. */
  parentId: messageIdSchema.nullable(),
  createdAt: z.string(),
  model: z.string().optional(),
  usage: usageSchema.optional(),
  finishReason: finishReasonSchema.optional(),
  /** Why a failed reply failed. */
  error: errorSchema.optional(),
  /** Of a reply. */
  feedback: feedbackSchema.optional(),
  files: z.array(fileSchema).optional(),
  /** How many versions stand under the same parent, this one included. */
  siblings: z.number().int().optional(),
  /** Ids of these versions, oldest first, this one included; absent when there is only one. */
  versions: z.array(messageIdSchema).optional(),
});
export type Message = z.infer<typeof messageSchema>;

/** What a session asks of the model. What is absent is the server's default. */
export const sessionSettingsSchema = z.object({
  model: z.string().optional(),
  temperature: z.number().optional(),
  /** In place of the server's own. */
  systemPrompt: z.string().optional(),
});
export type SessionSettings = z.infer<typeof sessionSettingsSchema>;

export const sessionSchema = z.object({
  id: sessionIdSchema,
  title: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
  messageCount: z.number().int(),
  /** A reply is open in it now. */
  streaming: z.boolean(),
  /** Not in lists; absent: everything is the server's default. */
  settings: sessionSettingsSchema.optional(),
  /** Above all others in the list; absent: it is not. */
  pinned: z.boolean().optional(),
  /** Anybody with this id can read it as it was then; absent: it is not shared. */
  share: z.object({ id: z.string(), createdAt: z.string() }).optional(),
});
export type Session = z.infer<typeof sessionSchema>;

/** `[from, to)` in UTF-16 units of the text it belongs to. */
const rangeSchema = z.tuple([z.number().int(), z.number().int()]);
export type Range = z.infer<typeof rangeSchema>;

/** A message with all the words of a search. */
export const searchHitSchema = z.object({
  messageId: messageIdSchema,
  position: z.number().int(),
  role: z.enum(['user', 'assistant']),
  createdAt: z.string(),
  /** One line of its text, with the words that were found in it; `…` stands for what is cut off. */
  excerpt: z.object({ text: z.string(), ranges: z.array(rangeSchema) }),
});
export type SearchHit = z.infer<typeof searchHitSchema>;

export const foundSessionSchema = z.object({
  session: sessionSchema,
  /** The words that were found in its title. */
  titleRanges: z.array(rangeSchema),
  /** Newest first; none when the words are in the title alone. */
  hits: z.array(searchHitSchema),
  /** It has more messages with these words. */
  moreHits: z.boolean(),
});
export type FoundSession = z.infer<typeof foundSessionSchema>;

/** A session as it was at one moment, for everybody who has its id. */
export const shareSchema = z.object({
  id: z.string(),
  /** The newest message that is shown. */
  tip: messageIdSchema,
  title: z.string(),
  /** The moment. */
  createdAt: z.string(),
});
export type Share = z.infer<typeof shareSchema>;

// ---- events of the log ----------------------------------------------------------------------------------------

const stamp = { seq: z.number().int().min(1), at: z.string() };
export const eventSchema = z.discriminatedUnion('type', [
  z.object({ ...stamp, type: z.literal('message.created'), message: messageSchema }),
  z.object({ ...stamp, type: z.literal('message.delta'), messageId: messageIdSchema, text: z.string() }),
  z.object({
    ...stamp,
    type: z.literal('message.completed'),
    messageId: messageIdSchema,
    finishReason: finishReasonSchema,
    usage: usageSchema.optional(),
    model: z.string().optional(),
  }),
  z.object({ ...stamp, type: z.literal('message.cancelled'), messageId: messageIdSchema }),
  z.object({ ...stamp, type: z.literal('message.failed'), messageId: messageIdSchema, error: errorSchema }),
  z.object({ ...stamp, type: z.literal('message.interrupted'), messageId: messageIdSchema }),
  z.object({ ...stamp, type: z.literal('message.restarted'), messageId: messageIdSchema, reason: z.string() }),
  /** null: taken back. `rev` grows with each within the session. */
  z.object({ ...stamp, type: z.literal('message.rated'), messageId: messageIdSchema, feedback: feedbackSchema.nullable(), rev: z.number().int() }),
  z.object({ ...stamp, type: z.literal('session.renamed'), title: z.string() }),
  /** All settings of the session, for the replies that begin after this. */
  z.object({ ...stamp, type: z.literal('session.configured'), settings: sessionSettingsSchema }),
  z.object({ ...stamp, type: z.literal('session.pinned'), pinned: z.boolean() }),
  z.object({ ...stamp, type: z.literal('session.shared'), share: shareSchema }),
  z.object({ ...stamp, type: z.literal('session.unshared') }),
  /** The active path is now the one that ends with this message; null: it is empty, until the next message begins it anew. */
  z.object({ ...stamp, type: z.literal('session.switched'), tip: messageIdSchema.nullable() }),
  z.object({ ...stamp, type: z.literal('session.deleted') }),
]);
export type Event = z.infer<typeof eventSchema>;
/** An event before the log gave it its place. */
export type NewEvent = Event extends infer E ? (E extends Event ? Omit<E, 'seq' | 'at'> : never) : never;

// ---- client to server: fields of each event -------------------------------------------------------------------

const limit = z.number().int().min(1).max(limits.MAX_PAGE);
/** The `before` of an earlier answer, or the id or position of the message to begin above. */
const before = z.union([z.string().min(1).max(200), z.number().int().min(1).transform(String)], 'must be what an earlier answer gave as `before`');
const content = z.string().max(limits.MAX_CONTENT_LENGTH, `must be at most ${limits.MAX_CONTENT_LENGTH} characters`);
/** Ids of files that were uploaded to the session before. */
const files = z
  .array(id)
  .max(limits.MAX_FILES, `must be at most ${limits.MAX_FILES} files`)
  .refine((ids) => new Set(ids).size === ids.length, 'must not name a file twice')
  .optional();
/** A message has words, or files, or both. */
export function saysSomething({ content: text, files: given = [] }: { content: string; files?: string[] }): boolean {
  return text.trim() !== '' || given.length > 0;
}
export const MUST_SAY_SOMETHING = { path: ['content'], error: 'must not be empty' };
export const clientMessageIdSchema = z.string().min(1).max(limits.MAX_CLIENT_MESSAGE_ID_LENGTH);
const clientMessageId = clientMessageIdSchema;
/** One line: control characters, line ends among them, become spaces. */
const title = z
  .string()
  .transform((text) => text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim())
  .pipe(z.string().min(1, 'must not be empty').max(limits.MAX_TITLE_LENGTH, `must be at most ${limits.MAX_TITLE_LENGTH} characters`));

const temperatureWords = `must be a number from 0 to ${limits.MAX_TEMPERATURE}`;
/** Absent: stays as it is; null: the server's default again. */
const settingsChange = z.object({
  model: z.string().trim().min(1, 'must not be empty').max(limits.MAX_MODEL_LENGTH, `must be at most ${limits.MAX_MODEL_LENGTH} characters`).nullish(),
  temperature: z.number(temperatureWords).min(0, temperatureWords).max(limits.MAX_TEMPERATURE, temperatureWords).nullish(),
  systemPrompt: z.string().max(limits.MAX_SYSTEM_PROMPT_LENGTH, `must be at most ${limits.MAX_SYSTEM_PROMPT_LENGTH} characters`).nullish(),
});
export type SettingsChange = z.infer<typeof settingsChange>;

const ofMessage = { sessionId: sessionIdSchema, messageId: messageIdSchema };

export const clientEvents = {
  'session:open': z.object({
    sessionId: sessionIdSchema.optional(),
    cursor: cursorSchema.nullish(),
    mode: modeSchema.optional(),
    limit: limit.optional(),
  }),
  'session:close': z.object({ sessionId: sessionIdSchema }),
  'session:list': z.object({
    before: before.optional(),
    limit: limit.optional(),
    query: z.string().max(limits.MAX_QUERY_LENGTH).optional(),
  }),
  'session:search': z.object({
    query: z.string().max(limits.MAX_QUERY_LENGTH),
    before: before.optional(),
    limit: z.number().int().min(1).max(limits.MAX_SEARCH_PAGE).optional(),
  }),
  'session:rename': z.object({ sessionId: sessionIdSchema, title }),
  'session:configure': z.object({ sessionId: sessionIdSchema, settings: settingsChange }),
  'session:pin': z.object({ sessionId: sessionIdSchema, pinned: z.boolean() }),
  'session:share': z.object({ sessionId: sessionIdSchema }),
  'session:unshare': z.object({ sessionId: sessionIdSchema }),
  'session:delete': z.object({ sessionId: sessionIdSchema }),
  'session:history': z.object({ sessionId: sessionIdSchema, before: before.optional(), limit: limit.optional() }),
  'message:send': z
    .object({ sessionId: sessionIdSchema, clientMessageId, content, files })
    .refine(saysSomething, MUST_SAY_SOMETHING),
  'message:cancel': z.object(ofMessage),
  /** `messageId` names the reply. */
  'message:regenerate': z.object({ ...ofMessage, clientMessageId }),
  /** `messageId` names the reply whose text the new version begins with. */
  'message:continue': z.object({ ...ofMessage, clientMessageId }),
  /** `messageId` names the user's message. Without `files` the new version has those of the message. */
  'message:edit': z
    .object({ ...ofMessage, clientMessageId, content, files })
    .refine(saysSomething, MUST_SAY_SOMETHING),
  /** The version that everybody sees from now on, with the newest branch under it. */
  'message:select': z.object(ofMessage),
  'message:versions': z.object(ofMessage),
  /** `messageId` names the reply; null takes the feedback back. The last one counts. */
  'message:feedback': z.object({
    ...ofMessage,
    rating: ratingSchema.nullable(),
    comment: z.string().max(limits.MAX_COMMENT_LENGTH, `must be at most ${limits.MAX_COMMENT_LENGTH} characters`).optional(),
  }),
  'models:list': z.object({}),
  'auth:refresh': z.object({ token: z.string().min(1) }),
} as const;
export type ClientEventName = keyof typeof clientEvents;
export type ClientEvent<N extends ClientEventName> = z.input<(typeof clientEvents)[N]>;

export const handshakeSchema = z.object({ token: z.string().min(1), protocol: z.number().int().optional() });

// ---- server's answers (acknowledgements) ----------------------------------------------------------------------

export interface OpenReply {
  session: Session;
  cursor: Cursor;
  /** True when the cursor could not be continued and the client must replace what it holds. */
  resync: boolean;
  /** What follows the cursor; absent when `messages` is there. */
  events?: Event[];
  /** Newest messages, oldest first; a streaming reply with its text so far. */
  messages?: Message[];
  hasMore?: boolean;
}
export interface PageReply {
  messages: Message[];
  hasMore: boolean;
  /** Opaque: give it back as `before` for the page above. */
  before?: string;
}
export interface SessionsReply {
  sessions: Session[];
  hasMore: boolean;
  before?: string;
}
export interface SearchReply {
  /** Newest update first. */
  found: FoundSession[];
  hasMore: boolean;
  before?: string;
}
export interface ShareReply {
  shareId: string;
  /** Of the page that shows it, behind the server's origin. */
  path: string;
  createdAt: string;
  session: Session;
}
export interface SendReply {
  messageId: string;
  replyId: string;
  /** The same clientMessageId was accepted before: this is its first answer. */
  duplicate: boolean;
}
export interface CancelReply {
  /** The status the reply ended with; `cancelled` unless it had ended before. */
  status: MessageStatus;
}
export interface SelectReply {
  /** The message the active path ends with now. */
  tip: string;
}
export interface VersionsReply {
  /** All versions of the turn, oldest first. */
  versions: Message[];
}
export interface FeedbackReply {
  feedback: Feedback | null;
}
export interface Replies {
  'session:open': OpenReply & { before?: string };
  'session:close': object;
  'session:list': SessionsReply;
  'session:search': SearchReply;
  'session:rename': { session: Session };
  'session:configure': { session: Session };
  'session:pin': { session: Session };
  'session:share': ShareReply;
  'session:unshare': { session: Session };
  'session:delete': object;
  'session:history': PageReply;
  'message:send': SendReply;
  'message:cancel': CancelReply;
  'message:regenerate': SendReply;
  'message:continue': SendReply;
  'message:edit': SendReply;
  'message:select': SelectReply;
  'message:versions': VersionsReply;
  'message:feedback': FeedbackReply;
  'models:list': ModelsReply;
  'auth:refresh': { userId: string; expiresAt: string };
}
export type Ack<N extends ClientEventName> = ({ ok: true } & Replies[N]) | { ok: false; error: WireError };

// ---- server to client -----------------------------------------------------------------------------------------

export interface WholeMessage {
  sessionId: string;
  messageId: string;
  /** The whole text so far. */
  content: string;
  /** What is new since the last frame; empty in the first and the last. */
  chunk: string;
  isComplete: boolean;
  status: MessageStatus;
  error?: WireError;
  cursor: Cursor;
}
export type SessionChange = 'created' | 'renamed' | 'deleted' | 'updated';
export interface ServerEvents {
  'session:events': { sessionId: string; logId: string; events: Event[] };
  /** [sessionId, logId, seq, text] */
  delta: [string, string, number, string];
  /** [sessionId, logId, seq of the head] */
  'session:alive': [string, string, number];
  'session:message': WholeMessage;
  'session:resync': { sessionId: string; reason: string; withinMs: number };
  'sessions:changed': { sessionId: string; change: SessionChange; session?: Session };
  'server:draining': { withinMs: number };
  /** First frame after connecting: what a connection badge shows. */
  'server:hello': HelloFrame;
  /** The server closes this socket next, for this reason. */
  'server:closing': WireError;
}
export interface HelloFrame {
  nodeId: string;
  userId: string;
  protocol: number;
  expiresAt: string;
  /** Sessions may be shared here. */
  sharing?: boolean;
  /** What may be uploaded; absent: nothing. */
  files?: FileLimits;
}

// ---- HTTP -----------------------------------------------------------------------------------------------------

export const httpBodies = {
  chat: z
    .object({
      sessionId: sessionIdSchema.optional(),
      message: content,
      clientMessageId: clientMessageId.optional(),
      files,
    })
    .refine(({ message, files: given }) => saysSomething({ content: message, files: given }), { path: ['message'], error: 'must not be empty' }),
  cancel: z.object({ sessionId: sessionIdSchema, messageId: messageIdSchema }),
} as const;

/** `models:list` and GET /api/models: what a session may choose. */
export const modelsReplySchema = z.object({
  /** What a session uses that chose none; the first of `models`. */
  default: z.string(),
  models: z.array(z.object({ id: z.string() })),
});
export type ModelsReply = z.infer<typeof modelsReplySchema>;

/** GET /api/shares/:shareId */
export const sharedQuerySchema = z.object({
  shareId: z.string().regex(/^[A-Za-z0-9]{1,64}$/),
  /** So many messages are there already. */
  after: z.number().int().min(0).optional(),
  limit: limit.optional(),
});
/** What others see of a session: no id of anything. */
export const sharedReplySchema = z.object({
  title: z.string(),
  createdAt: z.string(),
  /** Oldest first. */
  messages: z.array(
    messageSchema.pick({ role: true, content: true, status: true, createdAt: true }).extend({
      /** What was sent with it, by name alone. */
      files: z.array(fileSchema.pick({ name: true, type: true, bytes: true })).optional(),
    }),
  ),
  total: z.number().int(),
  hasMore: z.boolean(),
});
export type SharedReply = z.infer<typeof sharedReplySchema>;

export interface UploadReply {
  fileId: string;
  name: string;
  type: string;
  bytes: number;
}
/** What `server:hello` and `GET /api/config` say of files; absent there: this server takes none. */
export const fileLimitsSchema = z.object({
  /** Of one file. */
  maxBytes: z.number(),
  perMessage: z.number(),
  /** The model reads images too. */
  images: z.boolean(),
  /** About so many bytes of text reach the model with one message; longer files are cut. */
  readBytes: z.number(),
});
export type FileLimits = z.infer<typeof fileLimitsSchema>;

/** `sessionId`, then what is wrong: the first problem of a failed parse, in words for a person. */
export function describeIssues(error: z.ZodError): string {
  const words = error.issues.map((issue) => (issue.path.length > 0 ? `${issue.path.join('.')}: ${issue.message}` : issue.message));
  return [...new Set(words)].slice(0, 3).join('; ');
}
