/** Events that are for one node alone, as handlers of a service. */
import type { Context, Service, ServiceSchema } from 'moleculer';
import { nodeGroup, type EventName, type EventPayload } from './protocol/broker.ts';
import { payloadOf } from './zod-validator.ts';

/**
 * To be spread into a service's schema. The group carries the node's id, which is known when the schema is merged (a
 * Moleculer hook that its types leave out).
 */
export function heardByNode<Self extends Service, N extends EventName>(service: Parameters<typeof nodeGroup>[0], event: N, hear: (self: Self, payload: EventPayload<N>) => void) {
  return {
    merged(this: Self, schema: ServiceSchema): void {
      const handler = (ctx: Context<EventPayload<N>>): void => hear(this, ctx.params);
      schema.events = { ...schema.events, [event]: { group: nodeGroup(service, this.broker.nodeID), params: payloadOf(event), handler } };
    },
  };
}
