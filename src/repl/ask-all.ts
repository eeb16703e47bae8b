/** The same question to every node that runs a service: what lives in memory is known to its own node only. */
import type { ServiceBroker } from 'moleculer';
import type { ActionName, ActionParams, ActionResults } from '../protocol/broker.ts';
import { call } from '../typed-call.ts';

/** Somebody waits at a prompt, and a node that hangs may be what they look for. */
const ANSWER_MS = 3_000;

interface NodeWithServices {
  id: string;
  available: boolean;
  services?: { name: string }[];
}

export interface Answer<T> {
  node: string;
  result: T;
}

/** Live nodes by id, each with the services of ours it runs; one that only looks on has none. */
export async function nodesWithServices(broker: ServiceBroker): Promise<{ id: string; services: string[] }[]> {
  const nodes = await broker.call<NodeWithServices[], object>('$node.list', { withServices: true });
  return nodes
    .filter(({ available }) => available)
    .map(({ id, services = [] }) => ({ id, services: services.map(({ name }) => name).filter((name) => !name.startsWith('$')).sort() }))
    .sort((a, b) => a.id.localeCompare(b.id));
}

export async function nodesOf(broker: ServiceBroker, service: string): Promise<string[]> {
  const nodes = await nodesWithServices(broker);
  return nodes.filter(({ services }) => services.includes(service)).map(({ id }) => id);
}

/** Answers of the nodes that gave one; `silent` says in a line each why others gave none. */
export async function askAll<N extends ActionName>(
  broker: ServiceBroker,
  action: N,
  params: ActionParams<N>,
): Promise<{ answers: Answer<ActionResults[N]>[]; silent: string[] }> {
  const service = action.slice(0, action.lastIndexOf('.'));
  const nodes = await nodesOf(broker, service);
  const asked = await Promise.allSettled(nodes.map((nodeID) => call(broker, action, params, { nodeID, timeout: ANSWER_MS })));
  const answers: Answer<ActionResults[N]>[] = [];
  const silent: string[] = [];
  asked.forEach((outcome, index) => {
    const node = nodes[index] ?? '';
    if (outcome.status === 'fulfilled') answers.push({ node, result: outcome.value });
    else silent.push(`No answer of ${node}: ${outcome.reason instanceof Error ? outcome.reason.message : String(outcome.reason)}`);
  });
  if (nodes.length === 0) silent.push(`No node runs the ${service} service.`);
  return { answers, silent };
}

/** The answer of the first node that gives one, `first` before all others: one of them may hang. Throws the last failure. */
export async function askAny<N extends ActionName>(broker: ServiceBroker, action: N, params: ActionParams<N>, first?: string): Promise<ActionResults[N]> {
  const service = action.slice(0, action.lastIndexOf('.'));
  const nodes = await nodesOf(broker, service);
  let failure: unknown = new Error(`no node runs the ${service} service`);
  for (const nodeID of nodes.sort((a, b) => Number(b === first) - Number(a === first))) {
    try {
      return await call(broker, action, params, { nodeID, timeout: ANSWER_MS });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
