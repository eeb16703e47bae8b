/** Calls and events of the broker, typed by the tables of src/protocol/broker.ts. */
import type { CallingOptions, ServiceBroker } from 'moleculer';
import type { ActionName, ActionParams, ActionResults, EventName, EventPayload } from './protocol/broker.ts';

export async function call<N extends ActionName>(
  broker: ServiceBroker,
  action: N,
  params: ActionParams<N>,
  options?: CallingOptions,
): Promise<ActionResults[N]> {
  return broker.call<ActionResults[N], object>(action, params, options);
}

/** Sends to every listener of one group. There is no acknowledgement: what must arrive is repaired by its receiver. */
export function emitTo<N extends EventName>(broker: ServiceBroker, group: string, event: N, payload: EventPayload<N>): void {
  void broker.emit(event, payload, { groups: [group] });
}
