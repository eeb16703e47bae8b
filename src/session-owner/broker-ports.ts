/** The owner's ports over the Moleculer broker. */
import type { ServiceBroker } from 'moleculer';
import { toWireError } from '../errors.ts';
import { nodeGroup, type EventName, type EventPayload } from '../protocol/broker.ts';
import { call, emitTo } from '../typed-call.ts';
import type { AiPort, GatewayPort, HistoryPort, OwnerLogger, OwnerPorts } from './ports.ts';

export function brokerPorts(broker: ServiceBroker, logger: OwnerLogger): OwnerPorts {
  return { ai: aiPort(broker, logger), gateway: gatewayPort(broker), history: historyPort(broker), logger };
}

function aiPort(broker: ServiceBroker, logger: OwnerLogger): AiPort {
  const ownerNode = broker.nodeID;
  /** Unacknowledged: the next chunk of the run brings the matter up again. */
  const tell = (aiNode: string, said: Promise<unknown>): void => {
    said.catch((err: unknown) => logger.warn({ aiNode, code: toWireError(err).code }, 'ai node not reached'));
  };
  return {
    generate: (params) => call(broker, 'ai.generate', { ...params, ownerNode }),
    async attach(aiNode, params) {
      if (!isThere(broker, aiNode)) return { known: false };
      return call(broker, 'ai.attach', { ...params, ownerNode }, { nodeID: aiNode });
    },
    replay: (aiNode, params) => tell(aiNode, call(broker, 'ai.replay', params, { nodeID: aiNode })),
    abort: (aiNode, params) => tell(aiNode, call(broker, 'ai.cancel', params, { nodeID: aiNode })),
    acknowledge: (aiNode, params) => tell(aiNode, call(broker, 'ai.ack', params, { nodeID: aiNode })),
  };
}

function isThere(broker: ServiceBroker, nodeId: string): boolean {
  return broker.registry.nodes.has(nodeId) && broker.registry.nodes.get(nodeId).available;
}

/** The gateway of this very node; frames reach it in process and in order. */
function gatewayPort(broker: ServiceBroker): GatewayPort {
  const group = nodeGroup('gateway', broker.nodeID);
  const send = <N extends EventName>(event: N) => (payload: EventPayload<N>) => emitTo(broker, group, event, payload);
  return {
    frames: send('gateway.frames'),
    alive: send('gateway.alive'),
    resync: send('gateway.resync'),
    sessionsChanged: send('gateway.sessions-changed'),
  };
}

function historyPort(broker: ServiceBroker): HistoryPort {
  return {
    store: (session, messages) => call(broker, 'history.store', { session, messages }),
    remove: (sessionId, userId, rev) => call(broker, 'history.remove', { sessionId, userId, rev }),
    page: (sessionId, before, limit) => call(broker, 'history.page', { sessionId, before, limit }),
    message: (sessionId, messageId) => call(broker, 'history.message', { sessionId, messageId }),
    session: (sessionId) => call(broker, 'history.session', { sessionId }),
    list: (params) => call(broker, 'history.list', params),
  };
}
