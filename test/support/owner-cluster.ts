/**
 * Several session-owner nodes on one set of in-memory stores, with a clock that stands still, ai nodes that only keep
 * what they were asked for, and a presence that knows at once who was killed.
 */
import { loadConfig } from '../../src/config.ts';
import type { Backends, Presence } from '../../src/backends/contracts.ts';
import { randomId } from '../../src/ids.ts';
import type { EventPayload, RunChunk } from '../../src/protocol/broker.ts';
import type { Event } from '../../src/protocol/wire.ts';
import { OwnerNode } from '../../src/session-owner/owner-node.ts';
import type { OwnerPorts } from '../../src/session-owner/ports.ts';
import { Faults } from './fakes/faults.ts';
import { MemoryWorld } from './fakes/memory-backends.ts';
import { recordingPorts } from './owner-harness.ts';
import { settle, virtualClock, type VirtualClock } from './virtual-clock.ts';

type Generate = Parameters<OwnerPorts['ai']['generate']>[0];

export interface ClusterNode {
  id: string;
  owner: OwnerNode;
  backends: Backends;
  faults: Faults;
  ports: OwnerPorts;
  logged: { text: string; fields: object }[];
}
export interface FakeRun extends Generate {
  aiNode: string;
  ownerNode: string;
  aborted: boolean;
}

export const CLUSTER_ENV = { REDIS_URL: 'redis://none', MONGO_URL: 'mongodb://none', AUDIT: 'off', AUTH_JWT_SECRET: 'x'.repeat(32) };
const user = { userId: 'u1' };

export class OwnerCluster {
  readonly clock: VirtualClock = virtualClock();
  readonly world = new MemoryWorld({ clock: this.clock });
  readonly nodes: ClusterNode[] = [];
  /** In the order in which they were asked for. */
  readonly runs: FakeRun[] = [];
  /** What all gateways together showed, in order. */
  readonly frames: EventPayload<'gateway.frames'>[] = [];
  readonly alive: EventPayload<'gateway.alive'>[] = [];
  readonly resyncs: EventPayload<'gateway.resync'>[] = [];
  readonly gone = new Set<string>();
  aiNode = 'ai-1';
  readonly #listeners = new Set<(nodeId: string) => void>();
  readonly #env: Record<string, string>;

  constructor(env: Record<string, string> = {}) {
    this.#env = env;
  }

  async start(id: string): Promise<ClusterNode> {
    const faults = new Faults();
    const backends = this.world.backends(faults);
    const { ports, logged } = recordingPorts(backends);
    Object.assign(ports.ai, this.#ai(id));
    Object.assign(ports.gateway, {
      frames: (payload: EventPayload<'gateway.frames'>) => this.gone.has(id) || this.frames.push(payload),
      alive: (payload: EventPayload<'gateway.alive'>) => this.alive.push(payload),
      resync: (payload: EventPayload<'gateway.resync'>) => this.resyncs.push(payload),
    });
    const settings = loadConfig({ ...CLUSTER_ENV, ...this.#env });
    const { log, leases, files, outbox } = backends;
    const owner = new OwnerNode({ nodeId: id, settings, log, leases, files, outbox, presence: this.presence, ports, clock: this.clock, random: () => 0.5, newId: randomId });
    const node = { id, owner, backends, faults, ports, logged };
    this.nodes.push(node);
    await owner.start();
    await settle();
    return node;
  }

  readonly presence: Presence = {
    isGone: async (nodeId) => this.gone.has(nodeId),
    onGone: (listener) => {
      this.#listeners.add(listener);
      return () => void this.#listeners.delete(listener);
    },
  };

  /** SIGKILL: the node's next step never happens; the others notice, and a little later the store frees its leases. */
  async kill(node: ClusterNode): Promise<void> {
    const never = (): Promise<void> => new Promise(() => {});
    Object.assign(node.faults, { beforeRead: never, beforeWrite: never, afterWrite: never });
    this.tellGone(node.id);
    await settle();
    await this.world.backends().leases.leave(node.id);
    await this.clock.advance(110);
  }

  tellGone(nodeId: string): void {
    this.gone.add(nodeId);
    for (const listener of [...this.#listeners]) listener(nodeId);
  }

  async newSession(node: ClusterNode): Promise<string> {
    return (await node.owner.reads.open(user)).session.id;
  }

  async send(node: ClusterNode, sessionId: string, content = 'Hello') {
    const sent = await node.owner.commands.send({ ...user, sessionId, clientMessageId: content, content });
    await settle();
    return sent;
  }

  /** Text of the run that was asked for last, to the owner that asked or attached. */
  async chunk(text: string, offset: number, end?: RunChunk['end'], run = this.runs.at(-1)!): Promise<void> {
    const { runId, sessionId, aiNode } = run;
    this.nodes.find(({ id }) => id === run.ownerNode)?.owner.takeChunks({ aiNode, chunks: [{ runId, sessionId, offset, text, ...(end && { end }) }] });
    await settle();
  }

  /** The one log that clients of a session were shown, by logId. */
  shown(sessionId: string, logId = this.frames.at(-1)?.logId): Event[] {
    return this.frames.filter((frame) => frame.sessionId === sessionId && frame.logId === logId).flatMap(({ events }) => events);
  }

  async stop(): Promise<void> {
    const stopped = Promise.all(this.nodes.filter(({ id }) => !this.gone.has(id)).map(({ owner }) => owner.stop()));
    await this.clock.advance(2_000);
    await stopped;
  }

  #ai(ownerNode: string): Pick<OwnerPorts['ai'], 'generate' | 'attach' | 'abort'> {
    return {
      generate: async (params) => {
        this.runs.push({ ...params, aiNode: this.aiNode, ownerNode, aborted: false });
        return { aiNode: this.aiNode };
      },
      attach: async (aiNode, { runId }) => {
        if (this.gone.has(aiNode)) throw new Error('no answer');
        const run = this.runs.find((known) => known.runId === runId && known.aiNode === aiNode && !known.aborted);
        if (run) run.ownerNode = ownerNode;
        return { known: run !== undefined };
      },
      abort: (_aiNode, { runId }) => {
        for (const run of this.runs) if (run.runId === runId) run.aborted = true;
      },
    };
  }
}
