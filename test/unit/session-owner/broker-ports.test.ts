import type { ServiceBroker } from 'moleculer';
import type { Presence } from '../../../src/backends/contracts.ts';
import { brokerPorts } from '../../../src/session-owner/broker-ports.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

test('V30 an owner without a gateway tells the clients of one that went to open again, through the next one', () => {
  const gone: ((nodeId: string) => void)[] = [];
  const presence: Presence = { isGone: async () => false, onGone: (listener) => (gone.push(listener), () => undefined) };
  const gateways = new Set(['g1']);
  const emitted: [string, { sessionId: string }, string][] = [];
  const parts: Partial<Record<keyof ServiceBroker, unknown>> = {
    nodeID: 'owner-1',
    getLocalService: () => undefined,
    emit: async (event: string, payload: { sessionId: string }, { groups }: { groups: string[] }) => void emitted.push([event, payload, groups[0]!]),
    registry: { getServiceList: () => [...gateways].map((nodeID) => ({ name: 'gateway', nodeID })), nodes: { has: (id: string) => gateways.has(id), get: () => ({ available: true }) } },
  };
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const { gateway } = brokerPorts(parts as ServiceBroker, silent, { presence, clock: virtualClock() });
  gateway.frames({ userId: 'u1', sessionId: 's1', logId: 'l', events: [] });
  gateways.delete('g1');
  gateways.add('g2');
  for (const tell of gone) tell('g1');
  expect(emitted.slice(1)).toEqual([['gateway.resync', { userId: 'u1', sessionId: 's1', reason: 'gateway-lost', withinMs: 1_000 }, 'gateway@g2']]);
});
