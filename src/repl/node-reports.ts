/** The nodes of the installation and what they stand on. */
import type { ServiceBroker } from 'moleculer';
import { nodeOf } from '../node-context.ts';
import { askAll, nodesWithServices } from './ask-all.ts';
import { reasonOf, report } from './report.ts';
import type { Row } from './table.ts';

/** Every node: services, sockets of gateways, sessions of owners, load of ai nodes. */
export async function clusterReport(broker: ServiceBroker): Promise<string> {
  const [nodes, gateways, owners, ai] = await Promise.all([
    nodesWithServices(broker),
    askAll(broker, 'gateway.status', {}),
    askAll(broker, 'session-owner.inspect', {}),
    askAll(broker, 'ai.status', {}),
  ]);
  const of = <T>(answers: { node: string; result: T }[], node: string): T | undefined => answers.find((answer) => answer.node === node)?.result;
  const rows = nodes.map(({ id, services }): Row => {
    const status = of(ai.answers, id);
    return {
      node: id === broker.nodeID ? `${id} (this one)` : id,
      services: services.join(' '),
      sockets: of(gateways.answers, id)?.sockets,
      sessions: of(owners.answers, id)?.length,
      load: status?.load,
      capacity: status?.capacity,
      provider: status && `${status.provider} ${status.model}`,
    };
  });
  return report(rows, 'No node is there.', [...gateways.silent, ...owners.silent, ...ai.silent]);
}

/** The dependencies, as this node reaches them. */
export async function healthReport(broker: ServiceBroker): Promise<string> {
  try {
    const health = await nodeOf(broker).backends.health();
    return report(Object.entries(health).map(([name, { ok, detail }]): Row => ({ dependency: name, up: ok ? 'yes' : 'no', detail })), 'It depends on nothing.', []);
  } catch (error) {
    return `The stores do not answer: ${reasonOf(error)}`;
  }
}
