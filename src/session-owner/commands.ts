/** Users' commands, carried out by the session's owner on this node. Each is safe to repeat. */
import type { LogMeta } from '../backends/contracts.ts';
import { chatError } from '../errors.ts';
import { messageIdsFor, sessionIdFor } from '../ids.ts';
import type { ActionInput, ActionResults } from '../protocol/broker.ts';
import { createLog, openLog } from './access.ts';
import { expectAnswer, firstAnswer, repeated, sent } from './command-answers.ts';
import type { SessionDirectory } from './directory.ts';
import { giveFeedback } from './feedback-commands.ts';
import type { OwnerWorld } from './owner-settings.ts';
import { filesFor } from './message-files.ts';
import { openActor } from './open-actor.ts';
import { findMessage } from './read-messages.ts';

type Input<N extends 'send' | 'cancel' | 'rename' | 'configure' | 'pin' | 'delete'> = ActionInput<`session-owner.${N}`>;

export class Commands {
  readonly #world: OwnerWorld;
  readonly #directory: SessionDirectory;

  constructor(world: OwnerWorld, directory: SessionDirectory) {
    this.#world = world;
    this.#directory = directory;
  }

  async send({ userId, sessionId: given, clientMessageId, content, files: fileIds = [] }: Input<'send'>): Promise<ActionResults['session-owner.send']> {
    const sessionId = given ?? sessionIdFor(userId, clientMessageId);
    await (given === undefined ? this.#begin(userId, sessionId) : openLog(this.#world, userId, sessionId));
    const ids = messageIdsFor(userId, sessionId, 'send', clientMessageId);
    const actor = await this.#directory.actor(sessionId);
    // After the claim: an operation that an earlier owner accepted is in the store by now, a later one in the actor; and the
    // claim tells whether the log may have lost some.
    const first = await firstAnswer(this.#world, actor.state.meta, 'send', ids);
    if (first) return repeated(this.#world, sessionId, first);
    const files = await filesFor(this.#world, { userId, sessionId }, fileIds, content);
    const answer = expectAnswer(await actor.submit({ type: 'send', ids, clientMessageId, content, files }), 'sent');
    return sent(this.#world, sessionId, answer);
  }

  async cancel({ userId, sessionId, messageId }: Input<'cancel'>): Promise<ActionResults['session-owner.cancel']> {
    const actor = await openActor(this.#world, this.#directory, userId, sessionId);
    const answer = await actor.submit({ type: 'cancel', messageId });
    if (answer.type !== 'unknown-reply') return { status: expectAnswer(answer, 'cancelled').status };
    const message = await findMessage(this.#world, sessionId, messageId);
    if (message?.role !== 'assistant') throw chatError('not-found', 'There is no such reply in this session.');
    // A newer owner took it on, and this node does not know yet that it lost the session.
    if (message.status === 'streaming') throw chatError('unavailable', 'The session is moving to another server. Try again.', 200);
    return { status: message.status };
  }

  async rename({ userId, sessionId, title }: Input<'rename'>): Promise<ActionResults['session-owner.rename']> {
    const actor = await openActor(this.#world, this.#directory, userId, sessionId);
    const { session } = expectAnswer(await actor.submit({ type: 'rename', title }), 'renamed');
    return { session };
  }

  async configure({ userId, sessionId, settings }: Input<'configure'>): Promise<ActionResults['session-owner.configure']> {
    const actor = await openActor(this.#world, this.#directory, userId, sessionId);
    const { session } = expectAnswer(await actor.submit({ type: 'configure', settings }), 'configured');
    return { session };
  }

  feedback(input: ActionInput<'session-owner.feedback'>): Promise<ActionResults['session-owner.feedback']> {
    return giveFeedback(this.#world, this.#directory, input);
  }

  async pin({ userId, sessionId, pinned }: Input<'pin'>): Promise<ActionResults['session-owner.pin']> {
    const actor = await openActor(this.#world, this.#directory, userId, sessionId);
    const { session } = expectAnswer(await actor.submit({ type: 'pin', pinned }), 'pinned');
    return { session };
  }

  async delete({ userId, sessionId }: Input<'delete'>): Promise<void> {
    const actor = await openActor(this.#world, this.#directory, userId, sessionId);
    expectAnswer(await actor.submit({ type: 'delete' }), 'deleted');
  }

  /** A session whose id derives from the send that begins it: history may know it from long ago. */
  async #begin(userId: string, sessionId: string): Promise<LogMeta> {
    const known = (await this.#world.log.meta(sessionId)) ?? (await this.#world.ports.history.session(sessionId));
    return known ? openLog(this.#world, userId, sessionId) : createLog(this.#world, userId, sessionId);
  }
}
