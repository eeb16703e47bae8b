/** One node's session-owner: directory, sweep, commands and reads over one world. */
import type { EventPayload } from '../protocol/broker.ts';
import { Commands } from './commands.ts';
import { SessionDirectory } from './directory.ts';
import type { OwnerWorld } from './owner-settings.ts';
import { Reads } from './reads.ts';
import { startSweeping } from './sweeper.ts';

export class OwnerNode {
  readonly directory: SessionDirectory;
  readonly commands: Commands;
  readonly reads: Reads;
  readonly #world: OwnerWorld;
  #stopSweeping: (() => void) | null = null;

  constructor(world: OwnerWorld) {
    this.#world = world;
    this.directory = new SessionDirectory(world);
    this.commands = new Commands(world, this.directory);
    this.reads = new Reads(world);
  }

  async start(): Promise<void> {
    await this.#world.leases.join(this.#world.nodeId, {
      lost: () => this.directory.dropAll('node lost its leases'),
      storeLost: () => this.directory.dropAll('the store lost data'),
    });
    this.#stopSweeping = startSweeping(this.#world, this.directory);
  }

  takeChunks(payload: EventPayload<'ai.chunks'>): void {
    this.directory.takeChunks(payload);
  }

  /** Gives every session back; nothing is written by this node afterwards. */
  async stop(): Promise<void> {
    this.#stopSweeping?.();
    await this.directory.drain();
    await this.#world.leases.leave(this.#world.nodeId);
  }
}
