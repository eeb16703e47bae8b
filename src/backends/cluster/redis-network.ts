/** How the broker of this node meets the others: transporter, discoverer and presence, all on the same two connections. */
import { systemClock } from '../../clock.ts';
import type { Config } from '../../config.ts';
import { chatError } from '../../errors.ts';
import type { Backends, Presence } from '../contracts.ts';
import { BrokerLink } from './broker-link.ts';
import { BLINK_MS, RedisPresence } from './presence.ts';
import { RedisDiscoverer } from './redis-discoverer.ts';
import { RedisTransporter } from './redis-transporter.ts';
import { waitForRedis } from './wait-for-redis.ts';

/** After Redis was away nobody is declared gone for this long, in ms: everyone has to find it again first. */
const GRACE_MS = 2_000 + 2 * BLINK_MS;
/** An answer slower than this means that Redis, or this node, was not itself. */
const PROMPT_MS = 1_000;

export interface Network {
  network: Backends['network'];
  presence: Presence;
  /** A message of this node to itself, through the broker's connections; rejects with `unavailable` when it does not come back. */
  loopback(): Promise<void>;
  close(): Promise<void>;
}

export type NetworkSettings = Pick<Config, 'REDIS_URL' | 'BROKER_HEARTBEAT_MS' | 'BROKER_HEARTBEAT_TIMEOUT_MS'>;

/** Waits until Redis is there. Throws StartError when it refuses this node for good. */
export async function openNetwork(config: NetworkSettings): Promise<Network> {
  await waitForRedis(config);
  const link = new BrokerLink(config.REDIS_URL ?? '');
  await link.whenUp();
  const transporter = new RedisTransporter(link);
  const presence = new RedisPresence({ ...looks(link, transporter), clock: systemClock });
  const loopback = (): Promise<void> => transporter.loopback();
  const discoverer = new RedisDiscoverer({
    link,
    loopback,
    isDead: (nodeId) => presence.isDead(nodeId),
    heartbeatMs: config.BROKER_HEARTBEAT_MS,
    timeoutMs: config.BROKER_HEARTBEAT_TIMEOUT_MS,
  });
  const endWatch = presence.watch();
  return {
    network: { transporter, registry: { discoverer } },
    presence,
    loopback,
    async close() {
      endWatch();
      await link.close();
    },
  };
}

function looks(link: BrokerLink, transporter: RedisTransporter) {
  let doubtedAt = -Infinity;
  return {
    steady: () => link.steadyFor(GRACE_MS) && performance.now() - doubtedAt >= GRACE_MS,
    known: () => (transporter.ownBroker?.registry.nodes.list({ onlyAvailable: true }) ?? []).filter((node) => !node.local).map((node) => node.id),
    drop: (nodeId: string) => transporter.ownBroker?.registry.nodes.disconnected(nodeId, true),
    async listeners(nodeIds: string[]): Promise<number[]> {
      if (!transporter.ownBroker) throw chatError('unavailable', 'The broker of this node is not there yet.', BLINK_MS);
      const asked = performance.now();
      try {
        const answer = await link.client.pubsub('NUMSUB', ...nodeIds.map((id) => transporter.loopTopic(id)));
        if (performance.now() - asked > PROMPT_MS) throw new Error('too slow');
        // Name, number, name, number, …
        return nodeIds.map((_, place) => Number(answer[2 * place + 1]));
      } catch {
        doubtedAt = performance.now();
        throw chatError('unavailable', 'Redis does not say right now which servers are there. Try again.', BLINK_MS);
      }
    },
  };
}
