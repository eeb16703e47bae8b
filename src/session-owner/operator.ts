/** What an operator may do to a session that is stuck: see who holds it, and take that away. */
import type { LockView } from '../protocol/broker.ts';
import type { SessionDirectory } from './directory.ts';
import type { OwnerWorld } from './owner-settings.ts';

export class Operator {
  readonly #world: Pick<OwnerWorld, 'leases' | 'ports'>;
  readonly #directory: Pick<SessionDirectory, 'isLive' | 'giveUp'>;

  constructor(world: Pick<OwnerWorld, 'leases' | 'ports'>, directory: Pick<SessionDirectory, 'isLive' | 'giveUp'>) {
    this.#world = world;
    this.#directory = directory;
  }

  async lock(sessionId: string): Promise<LockView | null> {
    const owner = await this.#world.leases.owner(sessionId);
    return owner && { ...owner, actor: this.#directory.isLive(sessionId) };
  }

  /**
   * Takes the lease away that the operator saw. Safe whatever the owner does: its next write finds another lease, or
   * none, and is refused. Who asks for the session next claims it under a new epoch, from its log.
   */
  async release({ sessionId, nodeId, epoch }: { sessionId: string; nodeId: string; epoch: number }): Promise<boolean> {
    const owner = await this.#world.leases.owner(sessionId);
    if (owner?.nodeId !== nodeId || owner.epoch !== epoch) return false;
    this.#directory.giveUp(sessionId, 'released by an operator');
    await this.#world.leases.release({ sessionId, nodeId, epoch });
    this.#world.ports.logger.warn({ session: sessionId, owner: nodeId, epoch }, 'lock released by an operator');
    return true;
  }
}
