/**
 * A node of a cluster with nothing but a probe service: the real broker options and network, no stores. The probe counts
 * how often each request and event reached it, and whether a sender's events came in their order.
 */
import { ServiceBroker, type Context, type ServiceSchema } from 'moleculer';
import { openNetwork, type Network } from '../../src/backends/cluster/redis-network.ts';
import { loadConfig } from '../../src/config.ts';
import { brokerOptions } from '../../src/process/broker-options.ts';
import { fakeHost } from './fake-host.ts';
import { stubBackends } from './stub-backends.ts';
import { until } from './until.ts';

export interface Heard {
  requests: number;
  events: number;
  /** How often the same one arrived, at most. */
  repeats: number;
  /** Events that came after a later one of the same sender. */
  disorder: number;
}
export interface ProbeNode {
  readonly id: string;
  readonly broker: ServiceBroker;
  readonly net: Network;
  readonly heard: () => Heard;
  /** Nodes that presence declared gone. */
  readonly gone: string[];
  /** Nodes that left and came in this broker's registry. */
  readonly left: string[];
  readonly came: string[];
  stop(): Promise<void>;
}

const running = new Set<ProbeNode>();
// A child process uses this file too.
if (typeof afterAll === 'function') {
  afterAll(async () => {
    for (const node of running) await node.stop();
  });
}

type Mark = { from: string; n: number };

function probe(nodeId: string): { schema: ServiceSchema; heard: () => Heard } {
  const requests = new Map<string, number>();
  const events = new Map<string, number>();
  const newest = new Map<string, number>();
  let disorder = 0;
  const count = (seen: Map<string, number>, { from, n }: Mark): void => void seen.set(`${from} ${n}`, (seen.get(`${from} ${n}`) ?? 0) + 1);
  const heard = (): Heard => ({
    requests: requests.size,
    events: events.size,
    repeats: Math.max(0, ...requests.values(), ...events.values()),
    disorder,
  });
  const schema: ServiceSchema = {
    name: 'probe',
    actions: {
      take: (ctx: Context<Mark>) => (count(requests, ctx.params), nodeId),
      where: () => nodeId,
      heard,
      hang: () => new Promise(() => {}),
    },
    events: {
      'probe.mark': {
        group: `session-owner@${nodeId}`,
        handler(ctx: Context<Mark>) {
          const { from, n } = ctx.params;
          count(events, ctx.params);
          if (n < (newest.get(from) ?? -1)) disorder += 1;
          newest.set(from, Math.max(n, newest.get(from) ?? -1));
        },
      },
    },
  };
  return { schema, heard };
}

export interface ProbeOptions {
  heartbeatMs?: number;
  timeoutMs?: number;
}

export async function startProbe(url: string, name: string, { heartbeatMs = 1_000, timeoutMs = 4_000 }: ProbeOptions = {}): Promise<ProbeNode> {
  const config = loadConfig({
    REDIS_URL: url,
    MONGO_URL: 'mongodb://127.0.0.1:1',
    AUDIT: 'off',
    AUTH_JWT_SECRET: 'a-secret-for-tests-of-at-least-32-characters',
    NODE_ID: name,
    LOG_LEVEL: 'fatal',
    LOG_FORMAT: 'json',
    BROKER_HEARTBEAT_MS: String(heartbeatMs),
    BROKER_HEARTBEAT_TIMEOUT_MS: String(timeoutMs),
  });
  const net = await openNetwork(config);
  const backends = stubBackends({ mode: 'cluster', network: net.network, presence: net.presence, close: () => net.close() });
  const broker = new ServiceBroker(brokerOptions(config, backends, fakeHost()));
  const { schema, heard } = probe(broker.nodeID);
  broker.createService(schema);
  const node: ProbeNode = {
    id: broker.nodeID,
    broker,
    net,
    heard,
    gone: [],
    left: [],
    came: [],
    async stop() {
      running.delete(node);
      await broker.stop();
    },
  };
  net.presence.onGone((id) => node.gone.push(id));
  broker.localBus.on('$node.disconnected', ({ node: { id } }: { node: { id: string } }) => node.left.push(id));
  broker.localBus.on('$node.connected', ({ node: { id } }: { node: { id: string } }) => node.came.push(id));
  running.add(node);
  await broker.start();
  return node;
}

/** Whether a call from one reaches the other, now. */
export async function reaches(from: ProbeNode, toId: string): Promise<boolean> {
  return from.broker.call('probe.where', {}, { nodeID: toId, timeout: 500 }).then((id) => id === toId, () => false);
}

/** Waits until every node reaches every other. */
export async function allMeet(nodes: ProbeNode[], others: string[] = [], limitMs = 15_000): Promise<void> {
  for (const from of nodes) {
    for (const to of [...nodes.map(({ id }) => id), ...others]) {
      await until(`${from.id} reaches ${to}`, () => reaches(from, to), limitMs);
    }
  }
}

/** Waits until all of them may declare somebody gone: they found their Redis, and the grace after it is over. */
export async function allWatch(nodes: ProbeNode[]): Promise<void> {
  for (const { net, id } of nodes) await until(`${id} watches`, () => net.presence.isGone(id).then((gone) => !gone, () => false), 10_000);
}
