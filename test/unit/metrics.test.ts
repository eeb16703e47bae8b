import { ServiceBroker } from 'moleculer';
import { metricsOf, Metrics, Tally } from '../../src/metrics.ts';

test('M5 a metric is read when somebody asks, with labels, and nothing of an earlier answer stays', async () => {
  const metrics = new Metrics();
  const refused = new Tally();
  let states: Record<string, number> = { streaming: 2, idle: 1 };
  metrics.add({ name: 'refused_total', help: 'x', type: 'counter', labels: ['code'], read: () => refused.samples('code') });
  metrics.add({ name: 'actors', help: 'x', type: 'gauge', labels: ['state'], read: () => Object.entries(states).map(([state, value]) => ({ labels: { state }, value })) });
  refused.add('invalid');
  refused.add('invalid', 2);
  expect(await metrics.text()).toContain('holdfast_refused_total{code="invalid"} 3');
  expect(await metrics.text()).toContain('holdfast_refused_total{code="invalid"} 3');
  expect(await metrics.text()).toMatch(/^holdfast_actors\{state="streaming"\} 2$/m);
  states = { idle: 4 };
  const text = await metrics.text();
  expect(text).toMatch(/^holdfast_actors\{state="idle"\} 4$/m);
  expect(text).not.toContain('streaming');
});

test('M5 one that fails or hangs is left out, and the rest is answered', async () => {
  const metrics = new Metrics();
  metrics.add({ name: 'away', help: 'x', type: 'gauge', read: () => Promise.reject(new Error('away')) });
  metrics.add({ name: 'broken', help: 'x', type: 'gauge', read: () => { throw new Error('broken'); } });
  metrics.add({ name: 'hangs', help: 'x', type: 'gauge', read: () => new Promise(() => undefined) });
  metrics.add({ name: 'fine', help: 'x', type: 'gauge', read: () => 7 });
  const text = await metrics.text();
  expect(text).toMatch(/^holdfast_fine 7$/m);
  expect(text).not.toMatch(/^holdfast_(away|broken|hangs) /m);
});

test('M5 each broker has its own; a service that is loaded again replaces what it added', async () => {
  const [one, two] = [0, 1].map(() => new ServiceBroker({ logger: false, skipProcessEventRegistration: true }));
  const add = (value: number): void => metricsOf(one!).add({ name: 'sockets', help: 'x', type: 'gauge', read: () => value });
  add(1);
  add(2);
  expect(await metricsOf(one!).text()).toMatch(/^holdfast_sockets 2$/m);
  expect(await metricsOf(two!).text()).not.toContain('holdfast_sockets');
});
