/** What the parts of one gateway share. Made once, before anything listens. */
import type { ServiceBroker } from 'moleculer';
import type { Backends } from '../backends/contracts.ts';
import { systemClock, type Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { nodeOf } from '../node-context.ts';
import { markDraining } from '../readiness.ts';
import { createAddressOf, type AddressOf } from './auth/address.ts';
import { createDrain, type Drain } from './drain.ts';
import { createCounts, type GatewayCounts } from './gateway-counts.ts';
import type { GatewayLogger } from './gateway-logger.ts';
import { createOrigins, type Origins } from './auth/origin.ts';
import { createLineRate, type LineRate } from './rates.ts';
import { createRefusals, type Refusals } from './refusals.ts';
import { createTokens, type Tokens } from './auth/tokens.ts';

export interface GatewayContext {
  readonly broker: ServiceBroker;
  readonly config: Config;
  readonly backends: Backends;
  readonly logger: GatewayLogger;
  readonly clock: Clock;
  readonly tokens: Tokens;
  readonly origins: Origins;
  readonly addressOf: AddressOf;
  readonly lines: LineRate;
  readonly refusals: Refusals;
  readonly drain: Drain;
  readonly counts: GatewayCounts;
}

/** Throws StartError for a setting that cannot be used. */
export async function createGatewayContext(broker: ServiceBroker, logger: GatewayLogger, clock = systemClock): Promise<GatewayContext> {
  const { config, backends } = nodeOf(broker);
  const lines = createLineRate();
  const counts = createCounts();
  const secret = config.AUTH_JWT_SECRET ?? (await backends.secret('jwt'));
  return {
    broker,
    config,
    backends,
    logger,
    clock,
    tokens: createTokens(config, secret, clock),
    origins: createOrigins(config.ALLOWED_ORIGINS),
    addressOf: createAddressOf(config.TRUSTED_PROXIES),
    lines,
    refusals: createRefusals({ nodeId: broker.nodeID, outbox: backends.outbox, clock, logger, lines, counts }),
    drain: createDrain(() => markDraining(broker)),
    counts,
  };
}
