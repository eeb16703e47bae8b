/** A process with a session-owner, a gateway, or both: the product's parts over simulated stores, network and sockets. */
import type { Context } from 'moleculer';
import { loadConfig, type Config } from '../../src/config.ts';
import type { FileStore } from '../../src/backends/contracts.ts';
import type { ActionInput, ActionResults } from '../../src/protocol/broker.ts';
import { brokerPorts } from '../../src/session-owner/broker-ports.ts';
import { atOwner, type HopMeta } from '../../src/session-owner/forward.ts';
import { OwnerNode } from '../../src/session-owner/owner-node.ts';
import type { Peers } from '../../src/session-owner/surely-gone.ts';
import { NODE_TTL_MS, type Around, type Continuation } from './around.ts';
import { SimGateway } from './gateway.ts';
import { Machine, standIn } from './machine.ts';
import { Membership } from './membership.ts';
import { SimLeases, SimLog } from './store-client.ts';
import { StoreConnection } from './store-connection.ts';
import { shown } from './timeline.ts';

type Command = 'send' | 'regenerate' | 'edit' | 'select' | 'cancel' | 'rename' | 'configure' | 'feedback' | 'delete' | 'open';
type Action<N extends Command> = `session-owner.${N}`;

const settings = new Map<Continuation, Config>();
function settingsFor(continuation: Continuation): Config {
  const env = { REDIS_URL: 'redis://none', MONGO_URL: 'mongodb://none', AUDIT: 'off', AUTH_JWT_SECRET: 'x'.repeat(32) };
  const times = { NODE_TTL_MS: String(NODE_TTL_MS), ACTOR_IDLE_MS: '3000', STORE_RETRY_MS: '300' };
  const known = settings.get(continuation) ?? loadConfig({ ...env, ...times, AI_CONTINUATION: continuation });
  settings.set(continuation, known);
  return known;
}

export class OwnerMachine extends Machine {
  readonly owner: OwnerNode | null;
  readonly gateway: SimGateway | null;
  readonly #connection: StoreConnection;
  readonly #membership: Membership | null;
  readonly #peers: Peers;

  constructor(world: Around, name: string, parts: { owner: boolean; gateway: boolean }) {
    super(world, name);
    const { scheduler, fate, store } = world;
    this.#peers = { presence: this.presence, clock: this.clock };
    this.#connection = new StoreConnection(scheduler, fate, this.place, () => world.reaches(this.place));
    this.gateway = parts.gateway ? new SimGateway(world, this, (sessionId) => this.#connection.call(() => store.kept(sessionId).meta)) : null;
    this.#membership = parts.owner ? new Membership({ server: store, connection: this.#connection, clock: this.clock, ttlMs: NODE_TTL_MS, newId: world.newId }) : null;
    this.owner = this.#membership && this.#makeOwner(this.#membership);
    if (this.owner) this.#offer(this.owner);
  }

  start(): void {
    this.world.timeline.note(this.name, () => 'starts');
    void this.owner?.start();
    if (this.gateway) this.#renewWatches(this.gateway);
  }

  override crash(): void {
    super.crash();
    this.gateway?.close();
  }

  /** SIGTERM: gives its sessions back and ends. */
  async stop(): Promise<void> {
    this.world.timeline.note(this.name, () => 'stops');
    await this.owner?.stop().catch((err: Error) => this.world.timeline.note(this.name, () => `could not give its liveness back: ${err.message}`));
    this.gateway?.close();
    this.world.timeline.note(this.name, () => 'stopped');
    this.world.scheduler.kill(this.place);
  }

  /** Its connections to the store broke. */
  cut(): void {
    this.#connection.break();
    if (this.gateway) this.world.fanOut.cut(this.gateway);
  }
  restored(): void {
    this.#membership?.doubt();
    if (this.gateway) this.world.fanOut.restored(this.gateway);
  }

  override tellGone(nodeId: string): void {
    super.tellGone(nodeId);
    void this.#membership?.declareDead(nodeId);
  }

  #makeOwner(membership: Membership): OwnerNode {
    const { world } = this;
    const note = (fields: object & { reason?: string }, text: string): void => {
      if (text === 'session given up' && fields.reason !== 'restoring') world.forgetful = true;
      world.timeline.note(this.name, () => `${text} ${shown(fields)}`);
    };
    // What fails in a simulated world is part of life; an error in the log is not.
    const logger = { info: note, warn: note, error: (fields: object, text: string) => world.timeline.fail(this.name, `${text} ${shown(fields)}`) };
    const client = { server: world.store, connection: this.#connection, membership, newId: world.newId };
    return new OwnerNode({
      ...this.#peers,
      nodeId: this.name,
      settings: settingsFor(world.continuation),
      log: new SimLog(client),
      leases: new SimLeases(client),
      files: standIn<FileStore>({ removeSession: async () => {}, sweep: async () => 0 }),
      outbox: { add: async () => {} },
      ports: brokerPorts(this.broker, logger, this.#peers),
      random: world.fate.random,
      newId: world.newId,
    });
  }

  /** As services/session-owner.service.ts. */
  #offer(owner: OwnerNode): void {
    this.#offerAtOwner('open', (input) => owner.reads.open(input));
    this.actions.set('session-owner.watch', ({ sessionIds }: ActionInput<'session-owner.watch'>) => owner.reads.watch(sessionIds));
    this.#offerAtOwner('send', (input) => owner.commands.send(input));
    this.#offerAtOwner('regenerate', (input) => owner.versions.regenerate(input));
    this.#offerAtOwner('edit', (input) => owner.versions.edit(input));
    this.#offerAtOwner('select', (input) => owner.versions.select(input));
    this.#offerAtOwner('cancel', (input) => owner.commands.cancel(input));
    this.#offerAtOwner('rename', (input) => owner.commands.rename(input));
    this.#offerAtOwner('feedback', (input) => owner.commands.feedback(input));
    this.#offerAtOwner('configure', (input) => owner.commands.configure(input));
    this.#offerAtOwner('delete', (input) => owner.commands.delete(input));
    this.events.set('ai.chunks', (payload: Parameters<OwnerNode['takeChunks']>[0]) => owner.takeChunks(payload));
  }

  #offerAtOwner<N extends Command>(name: N, run: (input: ActionInput<Action<N>>) => Promise<ActionResults[Action<N>]>): void {
    this.actions.set(`session-owner.${name}`, (params: ActionInput<Action<N>>, meta: HopMeta) => {
      const ctx = standIn<Context<ActionInput<Action<N>>, HopMeta>>({ params, meta, call: this.broker.call });
      return atOwner(ctx, `session-owner.${name}`, this.#peers, async () => run(params));
    });
  }

  /** As src/gateway/sockets/accumulated-watch.ts. */
  #renewWatches(gateway: SimGateway): void {
    this.clock.after(30_000, () => {
      if (gateway.closed) return;
      void gateway.renewWatches();
      this.#renewWatches(gateway);
    });
  }
}
