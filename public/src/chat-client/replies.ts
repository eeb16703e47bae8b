/** The server's answers, checked before anything believes them. Shapes: `Replies` in src/protocol/wire.ts. */
import { z } from 'zod';
import { errorSchema, eventSchema, feedbackSchema, cursorSchema, foundSessionSchema, messageSchema, modelsReplySchema, sessionSchema, statusSchema } from '../../../src/protocol/wire.ts';
import type { ClientEventName, Replies } from '../../../src/protocol/wire.ts';
import type { LogEvent, Opened } from './fold.ts';
import { failed, localError, succeeded, type Result } from './result.ts';

/** `Replies` as this client reads them: an event may be of a type it does not know. */
export type ClientReplies = Omit<Replies, 'session:open'> & { 'session:open': Opened };

const before = z.string().optional();
const nothing = z.object({});

/** Events of a type this version does not know keep their place in the order. */
export const logEventSchema = z.unknown().transform((value, context): LogEvent => {
  const known = eventSchema.safeParse(value);
  if (known.success) return known.data;
  const place = z.object({ seq: z.number().int().min(1), type: z.string() }).safeParse(value);
  if (place.success && !isKnownType(place.data.type)) return { type: 'unknown', seq: place.data.seq };
  context.addIssue('not an event of this protocol');
  return z.NEVER;
});

const KNOWN_TYPES: readonly string[] = eventSchema.options.flatMap((option) => [...option.shape.type.values]);
function isKnownType(type: string): boolean {
  return KNOWN_TYPES.includes(type);
}

const sent = z.object({ messageId: z.string(), replyId: z.string(), duplicate: z.boolean() });

const replySchemas: { [N in ClientEventName]: z.ZodType<ClientReplies[N]> } = {
  'session:open': z.object({
    session: sessionSchema,
    cursor: cursorSchema,
    resync: z.boolean(),
    events: z.array(logEventSchema).optional(),
    messages: z.array(messageSchema).optional(),
    hasMore: z.boolean().optional(),
    before,
  }),
  'session:close': nothing,
  'session:list': z.object({ sessions: z.array(sessionSchema), hasMore: z.boolean(), before }),
  'session:configure': z.object({ session: sessionSchema }),
  'session:search': z.object({ found: z.array(foundSessionSchema), hasMore: z.boolean(), before }),
  'session:rename': z.object({ session: sessionSchema }),
  'session:pin': z.object({ session: sessionSchema }),
  'session:share': z.object({ shareId: z.string(), path: z.string(), createdAt: z.string(), session: sessionSchema }),
  'session:unshare': z.object({ session: sessionSchema }),
  'session:delete': nothing,
  'session:history': z.object({ messages: z.array(messageSchema), hasMore: z.boolean(), before }),
  'message:send': sent,
  'message:regenerate': sent,
  'message:continue': sent,
  'message:edit': sent,
  'message:select': z.object({ tip: z.string() }),
  'message:versions': z.object({ versions: z.array(messageSchema) }),
  'message:feedback': z.object({ feedback: feedbackSchema.nullable() }),
  'message:cancel': z.object({ status: statusSchema }),
  'models:list': modelsReplySchema,
  'auth:refresh': z.object({ userId: z.string(), expiresAt: z.string() }),
};

const refusal = z.object({ ok: z.literal(false), error: errorSchema });
const acceptance = z.object({ ok: z.literal(true) });

/** An acknowledgement as a result. What does not fit the protocol is `bad-answer`. */
export function readAck<N extends ClientEventName>(name: N, ack: unknown): Result<ClientReplies[N]> {
  const refused = refusal.safeParse(ack);
  if (refused.success) return failed(refused.data.error);
  const value = replySchemas[name].safeParse(ack);
  if (!acceptance.safeParse(ack).success || !value.success) return failed(localError('bad-answer'));
  return succeeded(value.data);
}
