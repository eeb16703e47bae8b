/** Whether new work may be sent to this node: what load balancers and schedulers ask at /ready. */
import type { ServiceBroker } from 'moleculer';
import { nodeOf } from './node-context.ts';

const draining = new WeakSet<ServiceBroker>();
const settled = new WeakSet<ServiceBroker>();
/** A check must have its answer soon. */
const ASK_WITHIN_MS = 500;

export interface Readiness {
  ready: boolean;
  draining: boolean;
}

/** From now on this node is not ready. */
export function markDraining(broker: ServiceBroker): void {
  draining.add(broker);
}

/**
 * Ready: everything has started, it is not draining, and where sessions are owned they could be claimed once. Stores
 * that go away later do not count: what clients have stays, requests are refused with a retryable error, and all
 * resumes by itself; without a single node that is ready clients could not even connect.
 */
export async function readinessOf(broker: ServiceBroker): Promise<Readiness> {
  const isDraining = draining.has(broker);
  const ready = broker.started && !isDraining && (await canOwn(broker));
  return { ready, draining: isDraining };
}

async function canOwn(broker: ServiceBroker): Promise<boolean> {
  if (settled.has(broker) || !broker.getLocalService('session-owner')) return true;
  if (!(await askSettled(broker))) return false;
  settled.add(broker);
  return true;
}

async function askSettled(broker: ServiceBroker): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), ASK_WITHIN_MS)));
  try {
    return await Promise.race([nodeOf(broker).backends.settled(), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
