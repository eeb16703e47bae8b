/**
 * Moleculer's Redis transporter on connections that survive outages. The built-in one makes a new client at each
 * reconnect, leaves rejected promises behind, and can end up subscribed twice or end the process.
 *
 * Guaranteed: order per sender; a packet reaches a node at most once; what cannot be sent is lost (events) or rejects
 * with `unavailable` (calls), nothing is kept for later.
 */
import moleculer, { type ServiceBroker } from 'moleculer';
import { chatError } from '../../errors.ts';
import type { BrokerLink } from './broker-link.ts';

type Base = InstanceType<typeof moleculer.Transporters.Redis>;
type Packet = Parameters<Base['prepublish']>[0];
type Topics = Parameters<Base['makeSubscriptions']>[0];

/** Longest way of a message from this node to itself, in ms. */
const LOOP_MS = 1_000;
const LOOP = 'LOOP';

interface Loop {
  done(): void;
  fail(why: string): void;
}

export class RedisTransporter extends moleculer.Transporters.Redis {
  readonly #link: BrokerLink;
  readonly #loops = new Map<string, Loop>();
  #loopCount = 0;
  /** When a message came back, or the link came up. */
  #workedAt = 0;
  #connecting: Promise<void> | null = null;

  constructor(link: BrokerLink) {
    // No address here: the broker shows its options to whoever may ask.
    super({});
    this.#link = link;
  }

  /** Resolves after the first connection, once this node is subscribed; later ones are reported to Moleculer as reconnects. */
  override connect(): Promise<void> {
    this.#connecting ??= new Promise((resolve) => {
      let known = false;
      const up = (): void => {
        this.#workedAt = performance.now();
        const again = known;
        known = true;
        this.onConnected(again).then(() => resolve(), (error: unknown) => this.logger.error({ err: error }, 'the broker could not join'));
      };
      this.#link.logTo(this.logger);
      this.#link.listen({ up, down: () => this.#onDown(), message: (topic, data) => this.#onMessage(topic, data) });
      if (this.#link.up) up();
    });
    return this.#connecting;
  }

  override async disconnect(): Promise<void> {
    this.#onDown();
    await this.#link.close();
  }

  /** The node's own loop comes last: who hears it hears all the others. */
  override async makeSubscriptions(topics: Topics): Promise<void> {
    const names = topics.map(({ cmd, nodeID }) => this.getTopicName(cmd, nodeID));
    await this.#link.subscribe([...names, this.loopTopic(this.nodeID)]);
  }

  override subscribe(cmd: string, nodeID?: string): Promise<void> {
    return this.#link.subscribe([this.getTopicName(cmd, nodeID)]);
  }

  /** The channel that the node with this id listens to as long as it is there. */
  loopTopic(nodeId: string): string {
    return this.getTopicName(LOOP, nodeId);
  }

  /** Null until the broker is made. */
  get ownBroker(): ServiceBroker | null {
    return this.broker ?? null;
  }

  override prepublish(packet: Packet): Promise<void> {
    if (this.connected) return super.prepublish(packet);
    // Nobody waits for an event, so nobody would catch its error; whoever needs it notices the hole.
    if (packet.type === 'EVENT') return Promise.resolve();
    if (packet.type === 'REQ') return Promise.reject(away());
    return super.prepublish(packet);
  }

  override send(topic: string, data: Buffer, meta?: { packet?: Packet }): Promise<void> {
    const sent = this.#link.publish(topic, data);
    if (meta?.packet?.type !== 'EVENT') return sent.catch(() => Promise.reject(away()));
    return sent.catch((error: unknown) => this.logger.debug({ err: error, topic }, 'an event was lost'));
  }

  /** Resolves when a message of this node has come back to it through Redis; rejects with `unavailable` after a second. */
  loopback(): Promise<void> {
    const id = String(++this.#loopCount);
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#loops.delete(id);
      };
      const fail = (why: string): void => (end(), reject(chatError('unavailable', why, LOOP_MS)));
      // After a pause of the whole process the answer may lie there unread: it is read before this is judged.
      const timer = setTimeout(() => setImmediate(() => this.#onLoopTimeout(id)), LOOP_MS);
      timer.unref();
      this.#loops.set(id, { done: () => (end(), resolve()), fail });
      if (!this.connected) return fail('This node is not connected to the others.');
      this.#link.publish(this.loopTopic(this.nodeID), id).catch(() => fail('This node lost its connection to the others.'));
    });
  }

  #onLoopTimeout(id: string): void {
    const loop = this.#loops.get(id);
    if (!loop) return;
    loop.fail('A message to this node itself did not come back in time.');
    // Half-open: it would stay so until the operating system gives up, many minutes later.
    if (performance.now() - this.#workedAt < 2 * LOOP_MS) return;
    this.#workedAt = performance.now();
    this.logger.warn('the connections of the broker do not answer; making new ones');
    this.#link.reconnect();
  }

  #onMessage(topic: string, data: Buffer): void {
    const [cmd = ''] = topic.slice(this.prefix.length + 1).split('.', 1);
    if (cmd === LOOP) {
      this.#workedAt = performance.now();
      return this.#loops.get(data.toString())?.done();
    }
    Promise.resolve(this.receive(cmd, data)).catch((error: unknown) => this.logger.error({ err: error, cmd }, 'a packet failed'));
  }

  #onDown(): void {
    this.connected = false;
    for (const loop of [...this.#loops.values()]) loop.fail('This node lost its connection to the others.');
  }
}

const away = (): Error => chatError('unavailable', 'The servers cannot reach one another right now. Try again.', LOOP_MS);
