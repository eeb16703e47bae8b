/** The owner's way to the ai nodes over the Moleculer broker. */
import type { Registry, ServiceBroker } from 'moleculer';
import { chatError, toWireError } from '../errors.ts';
import { nodeGroup } from '../protocol/broker.ts';
import { call, emitTo } from '../typed-call.ts';
import { AiNodes, type Balanced } from './ai-nodes.ts';
import type { AiPort, OwnerLogger } from './ports.ts';
import { NodeGone, unlessGone, type Peers } from './surely-gone.ts';

/** Accepting a run takes no model: a node that needs longer is in trouble, and another one is asked under a new run id. */
const ACCEPT_MS = 2_500;
const ATTACH_MS = 1_000;

export function aiPort(broker: ServiceBroker, logger: OwnerLogger, peers: Peers): AiPort {
  const ownerNode = broker.nodeID;
  const nodes = new AiNodes(balanced(broker), peers.clock);
  /** Logged once for each node until it hears again: acknowledgements go out several times a second. */
  const deaf = new Set<string>();
  /** Unacknowledged: the next chunk of the run brings the matter up again. */
  const tell = (aiNode: string, said: Promise<unknown>): void => {
    const failed = (err: unknown): void => {
      if (!deaf.has(aiNode)) logger.warn({ aiNode, code: toWireError(err).code }, 'ai node not reached');
      deaf.add(aiNode);
    };
    said.then(() => deaf.delete(aiNode), failed);
  };
  const unanswered = (aiNode: string, run: string, err: unknown): Error => {
    nodes.avoid(aiNode, 'silent');
    logger.warn({ aiNode, run, code: toWireError(err).code }, 'ai node did not take the run');
    return chatError('ai-unavailable', 'The AI node did not answer. Try again.');
  };
  return {
    async generate(params) {
      const aiNode = nodes.pick();
      if (aiNode === null) throw chatError('ai-unavailable', 'No AI node is there right now. Try again.');
      try {
        return await unlessGone(peers, aiNode, call(broker, 'ai.generate', { ...params, ownerNode }, { nodeID: aiNode, timeout: ACCEPT_MS }));
      } catch (err) {
        const { code } = toWireError(err);
        if (err instanceof NodeGone || code === 'unavailable') throw unanswered(aiNode, params.runId, err);
        if (code === 'ai-unavailable') nodes.avoid(aiNode, 'full');
        throw err;
      }
    },
    async attach(aiNode, params) {
      if (!isThere(broker, aiNode)) {
        // After an outage of the transporter nodes find one another only little by little.
        if (!broker.transit || (await peers.presence.isGone(aiNode))) return { known: false };
        throw chatError('unavailable', 'The AI node is not reached right now. Try again.');
      }
      return call(broker, 'ai.attach', { ...params, ownerNode }, { nodeID: aiNode, timeout: ATTACH_MS });
    },
    replay: (aiNode, params) => tell(aiNode, call(broker, 'ai.replay', params, { nodeID: aiNode })),
    abort: (aiNode, params) => tell(aiNode, call(broker, 'ai.cancel', params, { nodeID: aiNode })),
    acknowledge: (aiNode, params) => tell(aiNode, call(broker, 'ai.ack', params, { nodeID: aiNode })),
    taken: (aiNode, credit) => emitTo(broker, nodeGroup('ai', aiNode), 'ai.taken', { ownerNode, credit }),
  };
}

/** The broker's own balancing, and every node that offers the action. */
function balanced(broker: ServiceBroker): Balanced {
  return {
    next() {
      const endpoint = broker.findNextActionEndpoint('ai.generate', {});
      return endpoint instanceof Error ? null : endpoint.id;
    },
    all() {
      const list: ReturnType<Registry['getActionEndpoints']> | undefined = broker.registry.getActionEndpoints('ai.generate');
      return (list?.endpoints ?? []).filter((endpoint) => endpoint.isAvailable).map((endpoint) => endpoint.id);
    },
  };
}

function isThere(broker: ServiceBroker, nodeId: string): boolean {
  return broker.registry.nodes.has(nodeId) && broker.registry.nodes.get(nodeId).available;
}
