/** How the installation is: for people, for monitors and for a load balancer. */
import type { Backends } from '../../backends/contracts.ts';
import { toWireError } from '../../errors.ts';
import type { AiStatus } from '../../protocol/broker.ts';
import { PROTOCOL_VERSION } from '../../protocol/limits.ts';
import { call } from '../../typed-call.ts';
import { serverVersion } from './app-folder.ts';
import type { GatewayContext } from '../gateway-context.ts';
import type { ApiHandler } from './http-request.ts';

const AI_ANSWER_MS = 2_000;

type AiNode = ({ ok: true } & AiStatus) | { ok: false; nodeId: string; detail: string };

/** GET /api/health: 200 when every dependency is up and an ai node answers, else 503; the parts in any case. */
export function health(gateway: GatewayContext): ApiHandler {
  const { broker, backends, drain } = gateway;
  return async () => {
    const nodes = aiNodesOf(broker);
    const [dependencies, ai] = await Promise.all([dependenciesOf(gateway), Promise.all(nodes.map((nodeId) => statusOf(broker, nodeId)))]);
    const isWell = Object.values(dependencies).every(({ ok }) => ok) && ai.some(({ ok }) => ok);
    const body = { ok: isWell, nodeId: broker.nodeID, mode: backends.mode, draining: drain.isDraining, dependencies, ai };
    return { status: isWell ? 200 : 503, body };
  };
}

type Broker = GatewayContext['broker'];

async function dependenciesOf({ backends, lines, logger }: GatewayContext): ReturnType<Backends['health']> {
  try {
    return await backends.health();
  } catch (err) {
    if (await lines.take('health')) logger.error({ err }, 'the health of the stores is unknown');
    return { stores: { ok: false, detail: toWireError(err).message } };
  }
}

function aiNodesOf(broker: Broker): string[] {
  const services = broker.registry.getServiceList({ onlyAvailable: true });
  return services.flatMap(({ name, nodeID }) => (name === 'ai' && nodeID !== undefined ? [nodeID] : []));
}

async function statusOf(broker: Broker, nodeId: string): Promise<AiNode> {
  try {
    return { ok: true, ...(await call(broker, 'ai.status', {}, { nodeID: nodeId, timeout: AI_ANSWER_MS })) };
  } catch (thrown) {
    return { ok: false, nodeId, detail: toWireError(thrown).message };
  }
}

/** GET /health: this process answers. */
export const alive: ApiHandler = () => ({ status: 200, body: { ok: true } });

/** GET /ready: send clients here, or not. Stores that are away do not count: sockets stay, and all resumes by itself. */
export function ready({ broker, drain }: GatewayContext): ApiHandler {
  return () => {
    const isReady = !drain.isDraining && broker.started && broker.registry.actions.isAvailable('session-owner.open');
    return { status: isReady ? 200 : 503, body: { ready: isReady, draining: drain.isDraining } };
  };
}

/** GET /api/config: what a page must know before it has a token. */
export function publicConfig({ config }: GatewayContext): ApiHandler {
  const body = { guests: config.AUTH_GUESTS, signInUrl: config.AUTH_SIGN_IN_URL, protocol: PROTOCOL_VERSION, version: serverVersion };
  return () => ({ status: 200, body });
}
