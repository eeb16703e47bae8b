/** Sharing a session, carried out by its owner on this node; and what anybody may read of a shared one, on any node. */
import { chatError } from '../errors.ts';
import type { ActionInput, ActionResults } from '../protocol/broker.ts';
import { SHARE_ID_LENGTH } from '../protocol/limits.ts';
import { noSuchSession } from './access.ts';
import { expectAnswer } from './command-answers.ts';
import type { SessionDirectory } from './directory.ts';
import { openActor } from './open-actor.ts';
import type { OwnerWorld } from './owner-settings.ts';
import { owedToHistory } from './state.ts';

export class ShareCommands {
  readonly #world: OwnerWorld;
  readonly #directory: SessionDirectory;

  constructor(world: OwnerWorld, directory: SessionDirectory) {
    this.#world = world;
    this.#directory = directory;
  }

  /** Answers once everybody can read it: history has what is shown. Safe to repeat. */
  async share({ userId, sessionId }: ActionInput<'session-owner.share'>): Promise<ActionResults['session-owner.share']> {
    const actor = await openActor(this.#world, this.#directory, userId, sessionId);
    const answer = await actor.submit({ type: 'share', shareId: this.#world.newId(SHARE_ID_LENGTH) });
    const { share, session } = expectAnswer(answer, 'shared');
    const { deleted } = await this.#world.ports.history.store(...owedToHistory(actor.state));
    if (deleted) throw noSuchSession();
    return { shareId: share.id, path: `/#/share/${share.id}`, createdAt: share.createdAt, session };
  }

  /** Nothing is shown any more once this answers. Safe to repeat. */
  async unshare({ userId, sessionId }: ActionInput<'session-owner.unshare'>): Promise<ActionResults['session-owner.unshare']> {
    const actor = await openActor(this.#world, this.#directory, userId, sessionId);
    const { session } = expectAnswer(await actor.submit({ type: 'unshare' }), 'unshared');
    return { session };
  }

  /** Throws `not-found` for what was never shared, is not any more, or is gone: nobody learns which. */
  async shared(input: ActionInput<'session-owner.shared'>): Promise<ActionResults['session-owner.shared']> {
    const found = await this.#world.ports.history.shared(input);
    // Asked last: a revocation counts from its append on, a deletion's too, however late history hears of it.
    const meta = found && (await this.#world.log.meta(found.sessionId));
    if (!found || (meta && meta.share?.id !== input.shareId)) throw chatError('not-found', 'Nothing is shared at this address, or not any more.');
    return found.page;
  }
}
