/** What an audit node tells Prometheus. */
import type { ServiceBroker } from 'moleculer';
import { metricsOf, type MetricSpec } from '../metrics.ts';
import { nodeOf } from '../node-context.ts';
import type { Drain } from './drain.ts';

/** `drain`: null with AUDIT=off. */
export function addAuditMetrics(broker: ServiceBroker, drain: Drain | null): void {
  const metrics = metricsOf(broker);
  const { outbox } = nodeOf(broker).backends;
  const specs: MetricSpec[] = [
    { name: 'outbox_entries', help: 'Audit entries that wait for delivery, of the whole installation.', type: 'gauge', read: async () => (await outbox.stats()).entries },
    { name: 'outbox_bytes', help: 'Their size.', type: 'gauge', read: async () => (await outbox.stats()).bytes },
    { name: 'outbox_shed_total', help: 'Entries dropped because the outbox was full, of the whole installation.', type: 'counter', read: async () => (await outbox.stats()).shed },
    { name: 'audit_delivered_total', help: 'Entries this node delivered.', type: 'counter', read: () => drain?.counts().delivered ?? 0 },
    { name: 'audit_failures_total', help: 'Deliveries of this node that failed.', type: 'counter', read: () => drain?.counts().failures ?? 0 },
  ];
  specs.forEach((spec) => metrics.add(spec));
}
