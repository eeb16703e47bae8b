/** All stores of one node of a cluster: Redis for what is live, MongoDB for what is kept, Kafka for the audit trail. */
import type { Config } from '../../config.ts';
import { tellOperator } from '../../operator-line.ts';
import type { AuditSink, Backends } from '../contracts.ts';
import { openKafkaSink } from './kafka-sink.ts';
import { openMongoHistory } from './mongo-history.ts';
import type { ConnectionLog } from './redis-connection.ts';
import { openRedisFanOut } from './redis-fan-out.ts';
import { openNetwork } from './redis-network.ts';
import { openRedisStores } from './redis-stores.ts';

/** Waits for Redis; MongoDB and Kafka may come later. Throws StartError when one of them refuses this node for good. */
export async function openCluster(config: Config): Promise<Backends> {
  const net = await openNetwork(config);
  const stores = await openRedisStores(config, { presence: net.presence, loopback: () => net.loopback(), log: outages });
  const mongo = openMongoHistory(config);
  const kafka = config.AUDIT === 'on' ? openKafkaSink(config) : null;
  const { leases, log, outbox, quotas } = stores;
  return {
    mode: 'cluster',
    leases,
    log,
    outbox,
    quotas,
    history: mongo.history,
    files: mongo.files,
    sink: kafka?.sink ?? noSink,
    presence: net.presence,
    network: net.network,
    openFanOut: () => openRedisFanOut(config),
    settled: () => stores.settled(),
    secret: (name) => stores.secret(name),
    async health() {
      const [redis, mongodb, broker] = await Promise.all([stores.health(), mongo.health(), kafka?.health()]);
      return { redis, mongodb, ...(broker && { kafka: broker }) };
    },
    async close() {
      // History and audit first: their last writes may still need Redis to be told.
      await Promise.allSettled([mongo.close(), kafka?.close()]);
      await stores.close();
      await net.close();
    },
  };
}

/** Each outage and its end is a line for the operator; the stores are there before any logger is. */
const outages: ConnectionLog = {
  warn: ({ err }, text) => tellOperator(`${text} (${err instanceof Error ? err.message : String(err)})`),
  info: (_fields, text) => tellOperator(text),
};

const noSink: AuditSink = {
  deliver: () => Promise.reject(new Error('AUDIT is off: nothing is delivered')),
  read: () => Promise.reject(new Error('AUDIT is off: there is no trail')),
};
