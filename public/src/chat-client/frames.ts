/** What the server sends by itself, checked and sorted: frames of one session, and frames of the connection. */
import { z } from 'zod';
import { errorSchema, cursorSchema, fileLimitsSchema, sessionIdSchema, sessionSchema, statusSchema } from '../../../src/protocol/wire.ts';
import type { HelloFrame, ServerEvents, Session, SessionChange, WholeMessage } from '../../../src/protocol/wire.ts';
import type { WireError } from '../../../src/protocol/errors.ts';
import type { LogEvent } from './fold.ts';
import { logEventSchema } from './replies.ts';

export type SessionFrame =
  | { kind: 'events'; sessionId: string; logId: string; events: LogEvent[] }
  | { kind: 'delta'; sessionId: string; logId: string; seq: number; text: string }
  | { kind: 'alive'; sessionId: string; logId: string; seq: number }
  | { kind: 'whole'; sessionId: string; message: WholeMessage }
  | { kind: 'resync'; sessionId: string; withinMs: number }
  /** Meant for this session and not understood: the session must be opened again. */
  | { kind: 'unreadable'; sessionId: string };

export type ConnectionFrame =
  | { kind: 'hello'; hello: HelloFrame }
  | { kind: 'draining'; withinMs: number }
  | { kind: 'closing'; error: WireError }
  | { kind: 'sessions'; sessionId: string; change: SessionChange; session?: Session };

export type Frame = SessionFrame | ConnectionFrame;

const sessionId = sessionIdSchema;
const schemas = {
  'session:events': z
    .object({ sessionId, logId: z.string(), events: z.array(logEventSchema) })
    .transform((frame): Frame => ({ kind: 'events', ...frame })),
  'session:alive': z
    .tuple([sessionId, z.string(), z.number()])
    .transform(([id, logId, seq]): Frame => ({ kind: 'alive', sessionId: id, logId, seq })),
  'session:message': z
    .object({
      sessionId,
      messageId: z.string(),
      content: z.string(),
      chunk: z.string(),
      isComplete: z.boolean(),
      status: statusSchema,
      error: errorSchema.optional(),
      cursor: cursorSchema,
    })
    .transform((message): Frame => ({ kind: 'whole', sessionId: message.sessionId, message })),
  'session:resync': z
    .object({ sessionId, withinMs: z.number().min(0) })
    .transform((frame): Frame => ({ kind: 'resync', ...frame })),
  'sessions:changed': z
    .object({ sessionId, change: z.enum(['created', 'renamed', 'deleted', 'updated']), session: sessionSchema.optional() })
    .transform((frame): Frame => ({ kind: 'sessions', ...frame })),
  'server:draining': z
    .object({ withinMs: z.number().min(0) })
    .transform((frame): Frame => ({ kind: 'draining', ...frame })),
  'server:hello': z
    .object({ nodeId: z.string(), userId: z.string(), protocol: z.number(), expiresAt: z.string(), sharing: z.boolean().optional(), files: fileLimitsSchema.optional() })
    .transform((hello): Frame => ({ kind: 'hello', hello })),
  'server:closing': errorSchema.transform((error): Frame => ({ kind: 'closing', error })),
} satisfies Record<Exclude<keyof ServerEvents, 'delta'>, z.ZodType<Frame>>;

/** Checked by hand: it comes hundreds of times a second. */
function readDelta(payload: unknown): Frame | null {
  if (!Array.isArray(payload)) return null;
  const [id, logId, seq, text] = payload as unknown[];
  const fits = typeof id === 'string' && typeof logId === 'string' && typeof seq === 'number' && typeof text === 'string';
  return fits ? { kind: 'delta', sessionId: id, logId, seq, text } : null;
}

/** null: a frame of a later version of the protocol, or one that names nothing this client could repair. */
export function readFrame(name: string, payload: unknown): Frame | null {
  if (name === 'delta') return readDelta(payload) ?? unreadable(payload);
  if (!isFrameName(name)) return null;
  const read = schemas[name].safeParse(payload);
  return read.success ? read.data : unreadable(payload);
}

function isFrameName(name: string): name is keyof typeof schemas {
  return Object.hasOwn(schemas, name);
}

function unreadable(payload: unknown): Frame | null {
  const named: unknown = Array.isArray(payload) ? payload[0] : (payload as { sessionId?: unknown } | null)?.sessionId;
  return typeof named === 'string' ? { kind: 'unreadable', sessionId: named } : null;
}
