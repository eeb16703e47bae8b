/**
 * Whether another node has owned a session since this one remembers it. Who is taken for dead and lives learns that
 * from the store; when the store loses its data before that, nothing there tells the older memory from the newer one,
 * and the older one written first would give positions a second time. History tells: it was told of more.
 *
 * History may be slow or away too. Sessions wait for their logs, and other owners may take what is not written when the
 * store has settled: history is asked for a moment only, of one session as of all. Where it does not answer, the memory
 * counts as the newest there is.
 */
import type { LogMeta } from '../backends/contracts.ts';
import { within } from '../within.ts';
import type { OwnerWorld } from './owner-settings.ts';

const ANSWER_MS = 500;
/** For all sessions of a node: a fifth of the five seconds for which the store settles. */
const ROUND_MS = 1_000;

export class Overtaken {
  readonly #world: OwnerWorld;
  readonly #until: number;
  #warned = false;

  constructor(world: OwnerWorld) {
    this.#world = world;
    this.#until = world.clock.now() + ROUND_MS;
  }

  async has({ sessionId, rev, deleted }: LogMeta): Promise<boolean> {
    if (this.#world.clock.now() >= this.#until) return false;
    try {
      const known = await within(ANSWER_MS, 'asking history', this.#world.ports.history.session(sessionId), this.#world.clock);
      return known !== null && (known.record.rev > rev || (known.deleted && !deleted));
    } catch (err) {
      if (!this.#warned) this.#world.ports.logger.warn({ err }, 'sessions are written anew without a look at history');
      this.#warned = true;
      return false;
    }
  }
}
