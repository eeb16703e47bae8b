/** What a session-owner tells Prometheus. Appends and claims are counted where they pass, so that the actor need not know. */
import type { ServiceBroker } from 'moleculer';
import type { EventLog, LeaseStore } from '../backends/contracts.ts';
import { metricsOf, Tally, type MetricSpec, type Sample } from '../metrics.ts';
import type { SessionDirectory } from './directory.ts';

export interface OwnerCounts {
  /** By status, `failed` for those whose outcome is unknown. */
  appends: Tally;
  claims: Tally;
  /** Claims of sessions that had an owner before. */
  takeovers: number;
  events: number;
}

export const createOwnerCounts = (): OwnerCounts => ({ appends: new Tally(), claims: new Tally(), takeovers: 0, events: 0 });

async function counted<T extends { status: string }>(tally: Tally, work: Promise<T>): Promise<T> {
  try {
    const result = await work;
    tally.add(result.status);
    return result;
  } catch (error) {
    tally.add('failed');
    throw error;
  }
}

/** The same log. */
export function countAppends(log: EventLog, counts: OwnerCounts): EventLog {
  return overlay(log, {
    async append(request) {
      const result = await counted(counts.appends, log.append(request));
      if (result.status === 'appended') counts.events += request.events.length;
      return result;
    },
  });
}

export function countClaims(leases: LeaseStore, counts: OwnerCounts): LeaseStore {
  return overlay(leases, {
    async claim(sessionId, nodeId) {
      const result = await counted(counts.claims, leases.claim(sessionId, nodeId));
      if (result.status === 'claimed' && result.lease.epoch > 1) counts.takeovers += 1;
      return result;
    },
  });
}

/** `original` with some methods replaced. Its own state stays where it is: private fields know no copies. */
function overlay<T extends object>(original: T, replaced: Partial<T>): T {
  return new Proxy(original, {
    get(target, name) {
      if (Object.hasOwn(replaced, name)) return replaced[name as keyof T];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

export function addOwnerMetrics(broker: ServiceBroker, directory: SessionDirectory, counts: OwnerCounts): void {
  const metrics = metricsOf(broker);
  const specs: MetricSpec[] = [
    { name: 'actors', help: 'Sessions in the memory of this node, by state.', type: 'gauge', labels: ['state'], read: () => actorsByState(directory) },
    { name: 'appends_total', help: 'Appends to event logs, by outcome; failed: the outcome is unknown.', type: 'counter', labels: ['status'], read: () => counts.appends.samples('status') },
    { name: 'append_failures_total', help: 'Appends that were refused or failed.', type: 'counter', read: () => failures(counts) },
    { name: 'events_appended_total', help: 'Events appended to event logs.', type: 'counter', read: () => counts.events },
    { name: 'claims_total', help: 'Claims of sessions, by outcome.', type: 'counter', labels: ['status'], read: () => counts.claims.samples('status') },
    { name: 'takeovers_total', help: 'Claims of sessions that had an owner before.', type: 'counter', read: () => counts.takeovers },
  ];
  specs.forEach((spec) => metrics.add(spec));
}

function actorsByState(directory: SessionDirectory): Sample[] {
  const states = new Tally();
  for (const { state } of directory.view()) states.add(state);
  return states.samples('state');
}

function failures({ appends }: OwnerCounts): number {
  const isFailure = ({ labels }: Sample): boolean => !['appended', 'already'].includes(labels?.['status'] ?? '');
  return appends.samples('status').filter(isFailure).reduce((sum, { value }) => sum + value, 0);
}
