/** How a command's caller is answered: what the session decided, or what it answered the first time. */
import type { LogMeta, OpResult } from '../backends/contracts.ts';
import { fromWireError } from '../errors.ts';
import type { ActionResults } from '../protocol/broker.ts';
import { noSuchSession } from './access.ts';
import type { Answer, VersionOperation } from './inputs.ts';
import type { OwnerWorld } from './owner-settings.ts';
import { findMessage } from './read-messages.ts';

type Sent = ActionResults['session-owner.send'];

/** The operation's first answer: from the log's operations, or from its messages when those may be older than the log. */
export async function firstAnswer(world: OwnerWorld, meta: LogMeta, operation: 'send' | VersionOperation, ids: OpResult): Promise<OpResult | null> {
  const { sessionId, opsComplete } = meta;
  const known = await world.log.findOp(sessionId, ids.messageId);
  if (known || opsComplete) return known;
  if (operation === 'send') return (await world.ports.history.message(sessionId, ids.messageId)) ? ids : null;
  if (operation === 'edit') return (await findMessage(world, sessionId, ids.messageId)) ? ids : null;
  // It made no message of the user's: the reply answers the one it stands under.
  const reply = await findMessage(world, sessionId, ids.replyId);
  return reply && { messageId: reply.parentId ?? reply.id, replyId: reply.id };
}

/** A repeat, with the status that its reply has now. */
export async function repeated(world: OwnerWorld, sessionId: string, ids: OpResult): Promise<Sent> {
  const reply = await findMessage(world, sessionId, ids.replyId);
  return { sessionId, ...ids, duplicate: true, status: reply?.status ?? 'streaming' };
}

export function sent(world: OwnerWorld, sessionId: string, { ids, duplicate }: Extract<Answer, { type: 'sent' }>): Promise<Sent> | Sent {
  return duplicate ? repeated(world, sessionId, ids) : { sessionId, ...ids, duplicate: false, status: 'streaming' };
}

/** Throws the user's error of a refusal. */
export function expectAnswer<T extends Answer['type']>(answer: Answer, type: T): Extract<Answer, { type: T }> {
  if (answer.type === 'refused') throw answer.error.code === 'not-found' ? noSuchSession() : fromWireError(answer.error);
  if (answer.type !== type) throw new Error(`expected the answer ${type}, got ${answer.type}`);
  return answer as Extract<Answer, { type: T }>;
}
