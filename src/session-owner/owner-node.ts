/** One node's session-owner: directory, sweep, commands and reads over one world. */
import type { EventPayload } from '../protocol/broker.ts';
import { Commands } from './commands.ts';
import { SessionDirectory } from './directory.ts';
import { Operator } from './operator.ts';
import type { OwnerWorld } from './owner-settings.ts';
import { Reads } from './reads.ts';
import { ShareCommands } from './share-commands.ts';
import { Sweeper } from './sweeper.ts';
import { VersionCommands } from './version-commands.ts';

export class OwnerNode {
  readonly directory: SessionDirectory;
  readonly commands: Commands;
  readonly versions: VersionCommands;
  readonly shares: ShareCommands;
  readonly reads: Reads;
  readonly operator: Operator;
  readonly #world: OwnerWorld;
  readonly #sweeper: Sweeper;
  #unwatch: (() => void) | null = null;

  constructor(world: OwnerWorld) {
    this.#world = world;
    this.directory = new SessionDirectory(world);
    this.#sweeper = new Sweeper(world, this.directory);
    this.commands = new Commands(world, this.directory);
    this.reads = new Reads(world, this.directory);
    this.versions = new VersionCommands(world, this.directory);
    this.shares = new ShareCommands(world, this.directory);
    this.operator = new Operator(world, this.directory);
  }

  async start(): Promise<void> {
    const { leases, presence, nodeId } = this.#world;
    await leases.join(nodeId, {
      lost: () => this.directory.dropAll('node lost its leases'),
      storeLost: () => void this.directory.restoreAll(),
    });
    this.#unwatch = presence.onGone((gone) => this.#nodeGone(gone));
    this.#sweeper.start();
  }

  takeChunks(payload: EventPayload<'ai.chunks'>): void {
    this.directory.takeChunks(payload);
  }

  /** Gives every session back; nothing is written by this node afterwards. */
  async stop(): Promise<void> {
    this.#unwatch?.();
    this.#sweeper.stop();
    await this.directory.drain();
    await this.#world.leases.leave(this.#world.nodeId);
  }

  /** Whatever it was, ai node or owner: what it worked at goes on here without waiting for a timer. */
  #nodeGone(nodeId: string): void {
    this.directory.aiGone(nodeId);
    this.#sweeper.urge();
  }
}
