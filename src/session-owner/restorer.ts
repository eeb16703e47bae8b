/**
 * Writes sessions anew after the store lost data, from the memory of the owner that lives through it, unless another has
 * owned them since. Until that is done a session takes nothing; it is tried until the store answers or this node may not
 * any more.
 */
import type { Lease, RestoreRequest, RestoreResult } from '../backends/contracts.ts';
import { LOG_ID_LENGTH } from '../protocol/limits.ts';
import type { SessionActor } from './actor.ts';
import { Overtaken } from './overtaken.ts';
import type { OwnerWorld } from './owner-settings.ts';
import { restoredLog } from './restored-log.ts';

const AT_ONCE = 20;
const RETRY_MS = 200;
const REFUSED: RestoreResult = { status: 'refused' };

/** Takes the session on again; `null`: nobody here may, and its memory is void. */
export type Restored = (request: RestoreRequest, lease: Lease | null) => void;

export class Restorer {
  readonly #world: OwnerWorld;
  readonly #done: Restored;
  readonly #waiting = new Map<string, RestoreRequest>();
  #term = 0;

  constructor(world: OwnerWorld, done: Restored) {
    this.#world = world;
    this.#done = done;
  }

  has(sessionId: string): boolean {
    return this.#waiting.has(sessionId);
  }

  /** What is not restored by now is not this node's any more. Answers what was being written. */
  cancel(): RestoreRequest[] {
    const requests = [...this.#waiting.values()];
    this.#term += 1;
    this.#waiting.clear();
    return requests;
  }

  /** Stops these actors at once, all of them, and writes their sessions a few at a time. */
  async restore(actors: SessionActor[]): Promise<void> {
    const requests = actors.map((actor) => this.#freeze(actor));
    const term = this.#term;
    const overtaken = new Overtaken(this.#world);
    const worker = async (): Promise<void> => {
      for (let request = requests.shift(); request && term === this.#term; request = requests.shift()) await this.#write(request, overtaken, term);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  #freeze(actor: SessionActor): RestoreRequest {
    const { AUDIT, AUDIT_DELTAS } = this.#world.settings;
    const memory = actor.memory();
    const fresh = { logId: this.#world.newId(LOG_ID_LENGTH), at: new Date(this.#world.clock.now()).toISOString() };
    const request = restoredLog(memory, actor.lease, fresh, { on: AUDIT === 'on', deltas: AUDIT_DELTAS });
    this.#waiting.set(actor.sessionId, request);
    actor.stop('restoring');
    return request;
  }

  async #write(request: RestoreRequest, overtaken: Overtaken, term: number): Promise<void> {
    const { sessionId, epoch } = request.lease;
    const result = (await overtaken.has(request.meta)) ? REFUSED : await this.#untilAnswered(request, term);
    if (term !== this.#term || !result) return;
    this.#waiting.delete(sessionId);
    this.#world.ports.logger.warn({ session: sessionId, epoch, seq: request.meta.head, status: result.status }, 'session written anew');
    this.#done(request, result.status === 'restored' ? result.lease : null);
  }

  async #untilAnswered(request: RestoreRequest, term: number): Promise<RestoreResult | null> {
    const { log, clock, ports } = this.#world;
    for (let tries = 1; term === this.#term; tries += 1) {
      try {
        return await log.restore(request);
      } catch (err) {
        if (tries === 1) ports.logger.warn({ err, session: request.lease.sessionId }, 'session not written anew yet; trying again');
        await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
      }
    }
    return null;
  }
}
