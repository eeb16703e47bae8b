/** What the services of one broker share: settings and stores. Put there before the services start. */
import type { ServiceBroker } from 'moleculer';
import type { Backends } from './backends/contracts.ts';
import type { Config } from './config.ts';

export interface NodeContext {
  config: Config;
  backends: Backends;
}

const contexts = new WeakMap<ServiceBroker, NodeContext>();

export function provideNode(broker: ServiceBroker, context: NodeContext): void {
  contexts.set(broker, context);
}

/** Throws when nobody provided it: a wiring mistake, not a user's. */
export function nodeOf(broker: ServiceBroker): NodeContext {
  const context = contexts.get(broker);
  if (!context) throw new Error('provideNode() was not called for this broker');
  return context;
}
