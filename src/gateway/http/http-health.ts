/** How the installation is, as this node sees it: for people and for monitors. */
import type { Backends } from '../../backends/contracts.ts';
import { toWireError } from '../../errors.ts';
import type { ActionName, ActionParams, ActionResults } from '../../protocol/broker.ts';
import { PROTOCOL_VERSION } from '../../protocol/limits.ts';
import { call } from '../../typed-call.ts';
import { fileLimits } from '../files/file-limits.ts';
import { serverVersion } from './app-folder.ts';
import type { GatewayContext } from '../gateway-context.ts';
import type { ApiAnswer, ApiHandler } from './http-request.ts';

const ANSWER_MS = 2_000;

type Broker = GatewayContext['broker'];
type Question = Extract<ActionName, 'ai.status' | 'gateway.status' | 'audit.status'>;
/** What a node answered, or why it did not. */
type Told<T> = ({ ok: true } & T) | { ok: false; nodeId: string; detail: string };

/**
 * GET /api/health: 200 when every dependency is up and an ai node answers, else 503; the parts in any case. Anybody may
 * ask, and each answer asks every node: those who ask while one is on its way get that one.
 */
export function health(gateway: GatewayContext): ApiHandler {
  let asked: Promise<ApiAnswer> | undefined;
  return () => {
    asked ??= look(gateway).finally(() => (asked = undefined));
    return asked;
  };
}

async function look(gateway: GatewayContext): Promise<ApiAnswer> {
  const { broker, backends, drain } = gateway;
  const [dependencies, ai, gateways, audit] = await Promise.all([
    dependenciesOf(gateway),
    askNodes(broker, 'ai.status'),
    askNodes(broker, 'gateway.status'),
    askNodes(broker, 'audit.status'),
  ]);
  const isWell = Object.values(dependencies).every(({ ok }) => ok) && ai.some(({ ok }) => ok);
  const nodes = nodesOf(broker);
  const body = { ok: isWell, nodeId: broker.nodeID, mode: backends.mode, draining: drain.isDraining, dependencies, nodes, ai, gateways, outbox: outboxOf(audit) };
  return { status: isWell ? 200 : 503, body };
}

async function dependenciesOf({ backends, lines, logger }: GatewayContext): ReturnType<Backends['health']> {
  try {
    return await backends.health();
  } catch (err) {
    if (await lines.take('health')) logger.error({ err }, 'the health of the stores is unknown');
    return { stores: { ok: false, detail: toWireError(err).message } };
  }
}

/** Nodes that run one of our services, each with all it runs. */
function nodesOf(broker: Broker): { nodeId: string; services: string[] }[] {
  const nodes = new Map<string, string[]>();
  for (const { name, nodeID } of broker.registry.getServiceList({ onlyAvailable: true })) {
    if (nodeID !== undefined && !name.startsWith('$')) nodes.set(nodeID, [...(nodes.get(nodeID) ?? []), name]);
  }
  return [...nodes].map(([nodeId, services]) => ({ nodeId, services: services.sort() })).sort((a, b) => a.nodeId.localeCompare(b.nodeId));
}

function askNodes<Q extends Question>(broker: Broker, question: Q): Promise<Told<ActionResults[Q]>[]> {
  const service = question.slice(0, question.indexOf('.'));
  const nodes = nodesOf(broker).filter(({ services }) => services.includes(service));
  return Promise.all(nodes.map(({ nodeId }) => ask(broker, question, nodeId)));
}

async function ask<Q extends Question>(broker: Broker, question: Q, nodeId: string): Promise<Told<ActionResults[Q]>> {
  try {
    return { ok: true, ...(await call(broker, question, {} as ActionParams<Q>, { nodeID: nodeId, timeout: ANSWER_MS })) };
  } catch (thrown) {
    return { ok: false, nodeId, detail: toWireError(thrown).message };
  }
}

/** All audit nodes drain one outbox, but each counts what it delivered itself. null: no audit node answers. */
function outboxOf(audit: Told<ActionResults['audit.status']>[]): object | null {
  const answers = audit.filter((one) => one.ok);
  const [first] = answers;
  if (!first) return null;
  const sum = (of: 'delivered' | 'failures'): number => answers.reduce((total, one) => total + one[of], 0);
  const { entries, bytes, shed, oldestMs } = first;
  return { entries, bytes, shed, oldestMs, delivered: sum('delivered'), failures: sum('failures'), failing: answers.some(({ failing }) => failing) };
}

/** GET /api/config: what a page must know before it has a token. */
export function publicConfig({ config }: GatewayContext): ApiHandler {
  const body = { guests: config.AUTH_GUESTS, signInUrl: config.AUTH_SIGN_IN_URL, protocol: PROTOCOL_VERSION, version: serverVersion, files: fileLimits(config) };
  return () => ({ status: 200, body });
}
