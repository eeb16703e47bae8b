/** What an ai node tells Prometheus. */
import type { ServiceBroker } from 'moleculer';
import { metricsOf, type MetricSpec } from '../metrics.ts';
import type { Runs } from './runs.ts';

export function addAiMetrics(broker: ServiceBroker, runs: Runs): void {
  const metrics = metricsOf(broker);
  const labels = ['provider', 'model'];
  const labelled = (value: number): { labels: Record<string, string>; value: number }[] => {
    const { provider, model } = runs.status();
    return [{ labels: { provider, model }, value }];
  };
  const specs: MetricSpec[] = [
    { name: 'ai_load', help: 'Replies this node generates now.', type: 'gauge', labels, read: () => labelled(runs.status().load) },
    { name: 'ai_capacity', help: 'Replies it generates at most at a time.', type: 'gauge', labels, read: () => labelled(runs.status().capacity) },
    { name: 'ai_runs', help: 'Runs in memory: running, or ended and not acknowledged yet.', type: 'gauge', labels, read: () => labelled(runs.views().length) },
  ];
  specs.forEach((spec) => metrics.add(spec));
}
