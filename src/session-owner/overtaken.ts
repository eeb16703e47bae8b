/**
 * Whether another node has owned a session since this one remembers it. Who is taken for dead and lives learns that
 * from the store; when the store loses its data before that, nothing there tells the older memory from the newer one,
 * and the older one written first would give positions a second time. History tells: it was told of more.
 *
 * History may be away too. The session waits for its log, so it is asked for a moment only, and once it did not answer
 * not again in this round; the memory then counts as the newest there is.
 */
import type { LogMeta } from '../backends/contracts.ts';
import type { OwnerWorld } from './owner-settings.ts';

const ANSWER_MS = 500;

export class Overtaken {
  readonly #world: OwnerWorld;
  #answers = true;

  constructor(world: OwnerWorld) {
    this.#world = world;
  }

  async has({ sessionId, rev, deleted }: LogMeta): Promise<boolean> {
    if (!this.#answers) return false;
    try {
      const known = await this.#inTime(this.#world.ports.history.session(sessionId));
      return known !== null && (known.record.rev > rev || (known.deleted && !deleted));
    } catch (err) {
      this.#answers = false;
      this.#world.ports.logger.warn({ err }, 'sessions are written anew without a look at history');
      return false;
    }
  }

  async #inTime<T>(answer: Promise<T>): Promise<T> {
    let stop = (): void => {};
    const late = new Promise<never>((_, reject) => {
      stop = this.#world.clock.after(ANSWER_MS, () => reject(new Error(`no answer within ${ANSWER_MS} ms`)));
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      stop();
    }
  }
}
