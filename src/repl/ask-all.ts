/** The same question to every node that runs a service: what lives in memory is known to its own node only. */
import type { ServiceBroker } from 'moleculer';
import type { ActionName, ActionParams, ActionResults } from '../protocol/broker.ts';
import { call } from '../typed-call.ts';

interface NodeWithServices {
  id: string;
  available: boolean;
  services?: { name: string }[];
}

export interface Answer<T> {
  node: string;
  result: T;
}

export async function nodesOf(broker: ServiceBroker, service: string): Promise<string[]> {
  const nodes = await broker.call<NodeWithServices[], object>('$node.list', { withServices: true });
  return nodes.filter((node) => node.available && node.services?.some(({ name }) => name === service)).map((node) => node.id);
}

/** Answers of the nodes that gave one; `silent` says in a line each why others gave none. */
export async function askAll<N extends ActionName>(
  broker: ServiceBroker,
  action: N,
  params: ActionParams<N>,
): Promise<{ answers: Answer<ActionResults[N]>[]; silent: string[] }> {
  const service = action.slice(0, action.lastIndexOf('.'));
  const nodes = await nodesOf(broker, service);
  const asked = await Promise.allSettled(nodes.map((nodeID) => call(broker, action, params, { nodeID })));
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
