/**
 * Moleculer's Redis discoverer on the transporter's own connection. With each heartbeat a node writes everything the
 * others need to know of it, so that nodes find one another again after Redis lost all keys; and a node whose
 * transporter does not work keeps silent, so that it gets no calls.
 *
 * A list of node ids stands beside the keys: the built-in one scans every key of the database each time.
 * A node that is missing is dropped when it was silent for the heartbeat timeout, and not while (or shortly after)
 * Redis itself was away.
 */
import moleculer from 'moleculer';
import type { BrokerLink } from './broker-link.ts';

type Base = InstanceType<typeof moleculer.Discoverers.Redis>;
type Registry = Parameters<Base['init']>[0];
type RemoteNode = Exclude<Awaited<ReturnType<Base['discoverNode']>>, void>;

export interface DiscovererParts {
  link: BrokerLink;
  /** Proves that the transporter works. */
  loopback(): Promise<void>;
  /** Known to be dead although its heartbeat has not run out. */
  isDead(nodeId: string): boolean;
  heartbeatMs: number;
  timeoutMs: number;
}

export class RedisDiscoverer extends moleculer.Discoverers.Redis {
  readonly #parts: DiscovererParts;
  #prefix = '';
  #beating = false;
  #failing = false;
  #stopped = false;

  constructor(parts: DiscovererParts) {
    super({ heartbeatInterval: parts.heartbeatMs / 1_000, heartbeatTimeout: parts.timeoutMs / 1_000 });
    this.#parts = parts;
  }

  override init(registry: Registry): void {
    // Not the Redis discoverer's own: it opens a connection.
    moleculer.Discoverers.Base.prototype.init.call(this, registry);
    this.#prefix = `MOL-${this.broker.namespace}-DSCVR`;
  }

  /** A reconnect that was under way when the broker stopped would begin the heartbeats anew, and nobody would end them. */
  override startHeartbeatTimers(): void {
    if (!this.#stopped) super.startHeartbeatTimers();
  }

  override stop(): Promise<void> {
    this.#stopped = true;
    return super.stop();
  }

  /** What they count are scans of the built-in one. */
  override registerMoleculerMetrics(): void {}

  override async sendHeartbeat(): Promise<void> {
    if (this.#beating) return;
    this.#beating = true;
    try {
      await this.#parts.loopback();
      await this.#write();
      await this.collectOnlineNodes();
      if (this.#failing) this.logger.info('heartbeats work again');
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.logger.warn({ err: error }, 'heartbeats fail');
      this.#failing = true;
    } finally {
      this.#beating = false;
    }
  }

  /** Never rejects: services come and go while Redis is away, too, and the next heartbeat tells. */
  override async sendLocalNodeInfo(nodeID?: string): Promise<void> {
    // Before this node is subscribed it would be taken for dead.
    if (!this.transit?.connected) return;
    try {
      if (nodeID === undefined) await this.#write();
      await this.transit.sendNodeInfo(this.broker.registry.getLocalNodeInfo(), nodeID);
    } catch (error) {
      this.logger.debug({ err: error }, 'could not tell the others what this node offers');
    }
  }

  override async discoverAllNodes(): Promise<void> {
    await this.collectOnlineNodes().catch((error: unknown) => this.logger.debug({ err: error }, 'could not look for other nodes'));
  }

  override async collectOnlineNodes(): Promise<void> {
    const { client } = this.#parts.link;
    const ids = (await client.smembers(this.#nodes)).filter((id) => id !== this.broker.nodeID);
    const beats = ids.length === 0 ? [] : await client.mget(ids.map((id) => this.#key('BEAT', id)));
    const silent = ids.filter((_, place) => beats[place] === null);
    if (silent.length > 0) await client.srem(this.#nodes, ...silent);
    ids.forEach((id, place) => {
      const beat = beats[place];
      if (beat != null) this.heartbeatReceived(id, JSON.parse(beat) as Record<string, unknown>);
    });
    this.#dropSilent();
  }

  override async discoverNode(nodeID: string): Promise<RemoteNode | void> {
    try {
      const info = await this.#parts.link.client.get(this.#key('INFO', nodeID));
      // A dead node's keys outlive it for some seconds.
      if (info === null || this.#parts.isDead(nodeID)) return;
      return this.processRemoteNodeInfo(nodeID, JSON.parse(info) as Record<string, unknown>);
    } catch (error) {
      this.logger.debug({ err: error, nodeID }, 'could not read what a node offers');
    }
  }

  /** Left to the heartbeat: a timer knows nothing of what Redis says, for instance right after this process was paused. */
  override checkRemoteNodes(): void {}

  /** First the keys, then the word: who reads them after the word would take this node in again. */
  override async localNodeDisconnected(): Promise<void> {
    const { nodeID } = this.broker;
    const keys = [this.#key('INFO', nodeID), this.#key('BEAT', nodeID)];
    await this.#parts.link.client.multi().del(...keys).srem(this.#nodes, nodeID).exec().catch(() => {});
    await this.transit?.sendDisconnectPacket();
  }

  #dropSilent(): void {
    const { link, timeoutMs } = this.#parts;
    // Others need time too, to come back to a Redis that was away.
    if (!link.steadyFor(timeoutMs)) return;
    for (const node of this.registry.nodes.list({ onlyAvailable: true })) {
      const silentMs = (Math.round(process.uptime()) - node.lastHeartbeatTime) * 1_000;
      if (!node.local && silentMs > timeoutMs) this.remoteNodeDisconnected(node.id, true);
    }
  }

  async #write(): Promise<void> {
    const { nodeID, instanceID, PROTOCOL_VERSION: ver } = this.broker;
    const { cpu, seq } = this.broker.registry.nodes.localNode ?? {};
    const info = JSON.stringify({ ver, sender: nodeID, ...this.broker.registry.getLocalNodeInfo() });
    const beat = JSON.stringify({ cpu, seq, instanceID });
    const { timeoutMs } = this.#parts;
    const results = await this.#parts.link.client
      .multi()
      .set(this.#key('INFO', nodeID), info, 'PX', 2 * timeoutMs)
      .set(this.#key('BEAT', nodeID), beat, 'PX', timeoutMs)
      .sadd(this.#nodes, nodeID)
      .exec();
    const failure = results?.find(([error]) => error !== null)?.[0];
    if (failure) throw failure;
  }

  get #nodes(): string {
    return `${this.#prefix}-NODES`;
  }

  #key(kind: 'INFO' | 'BEAT', nodeId: string): string {
    return `${this.#prefix}-${kind}:${nodeId}`;
  }
}
