/** The owner's ports over the Moleculer broker. */
import type { ServiceBroker } from 'moleculer';
import { nodeGroup, type EventName, type EventPayload } from '../protocol/broker.ts';
import { call, emitTo } from '../typed-call.ts';
import { aiPort } from './ai-port.ts';
import { GatewayPins, type Gateways } from './gateway-pins.ts';
import { RESYNC_WITHIN_MS, type GatewayPort, type HistoryPort, type OwnerLogger, type OwnerPorts } from './ports.ts';
import type { Peers } from './surely-gone.ts';

type FrameEvent = Extract<EventName, `gateway.${string}`>;

export function brokerPorts(broker: ServiceBroker, logger: OwnerLogger, peers: Peers): OwnerPorts {
  return { ai: aiPort(broker, logger, peers), gateway: gatewayPort(broker, peers), history: historyPort(broker), logger };
}

/** One gateway per session: that of this very node, in process and in order, or another that is kept to. */
function gatewayPort(broker: ServiceBroker, { presence }: Peers): GatewayPort {
  const pins = new GatewayPins(gatewaysOf(broker), presence);
  const send = <N extends FrameEvent>(event: N) => (payload: EventPayload<N>) => {
    const node = pins.nodeFor(payload.sessionId, payload.userId);
    if (node !== null) emitTo(broker, nodeGroup('gateway', node), event, payload);
  };
  presence.onGone((gone) => {
    for (const session of pins.pinnedTo(gone)) send('gateway.resync')({ ...session, reason: 'gateway-lost', withinMs: RESYNC_WITHIN_MS });
  });
  return {
    frames: send('gateway.frames'),
    alive: send('gateway.alive'),
    resync: send('gateway.resync'),
    sessionsChanged: send('gateway.sessions-changed'),
  };
}

function gatewaysOf(broker: ServiceBroker): Gateways {
  const { registry } = broker;
  return {
    own: () => (broker.getLocalService('gateway') ? broker.nodeID : null),
    list: () => registry.getServiceList({ onlyAvailable: true }).flatMap(({ name, nodeID }) => (name === 'gateway' && nodeID !== undefined ? [nodeID] : [])),
    isThere: (node) => registry.nodes.has(node) && registry.nodes.get(node).available,
  };
}

function historyPort(broker: ServiceBroker): HistoryPort {
  return {
    store: (session, messages, ratings) => call(broker, 'history.store', { session, messages, ...(ratings.length > 0 && { ratings }) }),
    remove: (sessionId, userId, rev) => call(broker, 'history.remove', { sessionId, userId, rev }),
    page: (sessionId, before, limit) => call(broker, 'history.page', { sessionId, before, limit }),
    message: (sessionId, messageId) => call(broker, 'history.message', { sessionId, messageId }),
    session: (sessionId) => call(broker, 'history.session', { sessionId }),
    outline: (sessionId, after) => call(broker, 'history.outline', { sessionId, after }),
    shared: (params) => call(broker, 'history.shared', params),
    search: (params) => call(broker, 'history.search', params),
    list: (params) => call(broker, 'history.list', params),
  };
}
