/** Settings and stores of a node as the options of its broker. */
import type { BrokerOptions, ServiceBroker } from 'moleculer';
import type { Backends } from '../backends/contracts.ts';
import type { Config } from '../config.ts';
import { randomId } from '../ids.ts';
import { provideNode } from '../node-context.ts';
import { replCommands } from '../repl/commands.ts';
import { ZodValidator } from '../zod-validator.ts';
import { metricsOf } from '../metrics.ts';
import { processHost, type Host } from './host.ts';
import { loggerConfig } from './logging.ts';
import { probes } from './probes.ts';
import { followRepl } from './repl-session.ts';
import { settleLostCalls } from './settle-lost-calls.ts';
import { Shutdown } from './shutdown.ts';
import { startGuard } from './start-guard.ts';
import { unsentPackets } from './unsent-packets.ts';

/**
 * The stores are open already: a broker's services are made right after it, and each may use them from its `created`
 * on. They are closed when all services have stopped.
 */
export function brokerOptions(config: Config, backends: Backends, host: Host = processHost): BrokerOptions {
  return { ...networkOptions(config, backends), ...lifeOptions(config, backends, host) };
}

function networkOptions(config: Config, { network }: Backends): BrokerOptions {
  return {
    namespace: 'holdfast',
    // Unique for each start of the process: whoever holds the name of an earlier one is dead.
    nodeID: `${config.NODE_ID}-${randomId(8)}`,
    transporter: network.transporter ?? null,
    requestTimeout: config.REQUEST_TIMEOUT_MS,
    // Whoever calls knows whether a repeat is safe.
    retryPolicy: { enabled: false },
    // With a transporter Moleculer waits here until other nodes know that this one is going.
    registry: { ...network.registry, preferLocal: true, stopDelay: config.mode === 'embedded' ? 0 : 100 },
    // Running calls may end before their service stops; two such waits follow one another within DRAIN_MS.
    tracking: { enabled: true, shutdownTimeout: Math.floor(config.DRAIN_MS / 4) },
    validator: new ZodValidator(),
    metrics: false,
    tracing: false,
  };
}

function lifeOptions(config: Config, backends: Backends, host: Host): BrokerOptions {
  let shutdown: Shutdown | null = null;
  let endRepl = (): void => {};
  return {
    logger: loggerConfig(config, process.stdout.isTTY),
    skipProcessEventRegistration: true,
    middlewares: [startGuard(host), probes(config, host), settleLostCalls, unsentPackets],
    replOptions: { delimiter: 'holdfast $', customCommands: replCommands },
    created(broker: ServiceBroker) {
      provideNode(broker, { config, backends });
      metricsOf(broker).addProcess();
      endRepl = followRepl(broker);
      shutdown = new Shutdown(broker, config, host);
      shutdown.watch();
    },
    async started() {
      shutdown?.started();
    },
    async stopped() {
      await backends.close();
      endRepl();
      shutdown?.unwatch();
    },
  };
}
