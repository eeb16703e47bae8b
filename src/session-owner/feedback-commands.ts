/** What a user thinks of a reply, carried out by the session's owner on this node. Safe to repeat. */
import { chatError } from '../errors.ts';
import type { ActionInput, ActionResults } from '../protocol/broker.ts';
import type { Feedback } from '../protocol/wire.ts';
import { expectAnswer } from './command-answers.ts';
import type { SessionDirectory } from './directory.ts';
import { openActor } from './open-actor.ts';
import type { OwnerWorld } from './owner-settings.ts';
import { findMessage } from './read-messages.ts';

export async function giveFeedback(world: OwnerWorld, directory: SessionDirectory, input: ActionInput<'session-owner.feedback'>): Promise<ActionResults['session-owner.feedback']> {
  const { userId, sessionId, messageId, rating, comment } = input;
  // The claim first: it makes sure that the log lacks nothing that history has.
  const actor = await openActor(world, directory, userId, sessionId);
  const message = await findMessage(world, sessionId, messageId);
  if (message?.role !== 'assistant') throw chatError('not-found', 'There is no such reply in this session.');
  if (message.status === 'streaming') throw chatError('session-busy', 'The reply is still being written. Say what you think of it when it has ended.');
  const words = comment?.trim() ?? '';
  const feedback = rating === null ? null : { rating, ...(words !== '' && { comment: words }) };
  if (isSame(message.feedback ?? null, feedback)) return { feedback };
  return { feedback: expectAnswer(await actor.submit({ type: 'rate', messageId, feedback }), 'rated').feedback };
}

function isSame(a: Feedback | null, b: Feedback | null): boolean {
  return a?.rating === b?.rating && a?.comment === b?.comment;
}
