/**
 * What a node tells Prometheus at /metrics. Whoever has something to tell adds a metric with a `read` that is called
 * when somebody asks, so that nothing is kept twice and nothing can be stale.
 */
import type { ServiceBroker } from 'moleculer';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

const PREFIX = 'holdfast_';
/** A store that is away must not hold up the rest. */
const READ_WITHIN_MS = 1_000;

export interface Sample {
  labels?: Record<string, string>;
  value: number;
}
export type Reading = number | Sample[];
export interface MetricSpec {
  /** Without the product's prefix. */
  name: string;
  help: string;
  /** counter: only grows while the process lives. */
  type: 'gauge' | 'counter';
  labels?: string[];
  /** One that rejects or takes long is left out of this answer. */
  read(): Reading | Promise<Reading>;
}

export class Metrics {
  readonly #registry = new Registry();

  /** Replaces one of the same name: a service that was loaded again. */
  add({ name, help, type, labels = [], read }: MetricSpec): void {
    const full = PREFIX + name;
    this.#registry.removeSingleMetric(full);
    const options = { name: full, help, labelNames: labels, registers: [this.#registry] };
    if (type === 'gauge') {
      const gauge: Gauge = new Gauge({ ...options, collect: () => collect(read, gauge, (labelled, value) => gauge.set(labelled, value)) });
    } else {
      const counter: Counter = new Counter({ ...options, collect: () => collect(read, counter, (labelled, value) => counter.inc(labelled, value)) });
    }
  }

  /** Memory, processor time, event loop and garbage collection of this process. */
  addProcess(): void {
    collectDefaultMetrics({ register: this.#registry });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

type Put = (labels: Record<string, string>, value: number) => void;

async function collect(read: MetricSpec['read'], metric: Gauge | Counter, put: Put): Promise<void> {
  const reading = await inTime(read);
  metric.reset();
  // One without labels is back at 0 now, which nobody said.
  metric.remove({});
  const samples = typeof reading === 'number' ? [{ value: reading }] : reading;
  for (const { labels = {}, value } of samples) put(labels, value);
}

async function inTime(read: MetricSpec['read']): Promise<Reading> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Reading>((resolve) => (timer = setTimeout(() => resolve([]), READ_WITHIN_MS)));
  try {
    return await Promise.race([read(), late]);
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
  }
}

/** Counted things of one kind by a label: refusals by code, claims by outcome. */
export class Tally {
  readonly #counts = new Map<string, number>();

  add(key: string, by = 1): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by);
  }

  samples(label: string): Sample[] {
    return [...this.#counts].map(([key, value]) => ({ labels: { [label]: key }, value }));
  }
}

const ofBrokers = new WeakMap<ServiceBroker, Metrics>();

export function metricsOf(broker: ServiceBroker): Metrics {
  let metrics = ofBrokers.get(broker);
  if (!metrics) {
    metrics = new Metrics();
    ofBrokers.set(broker, metrics);
  }
  return metrics;
}
