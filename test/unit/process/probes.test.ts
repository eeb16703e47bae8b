/** The probes of a node without a gateway, and what it tells Prometheus. */
import { createServer } from 'node:http';
import { ServiceBroker, type ServiceSchema } from 'moleculer';
import type { Backends } from '../../../src/backends/contracts.ts';
import { loadConfig } from '../../../src/config.ts';
import { brokerOptions } from '../../../src/process/broker-options.ts';
import { freePort } from '../../../scripts/servers/local-server.ts';
import { fakeHost } from '../../support/fake-host.ts';
import { stubBackends } from '../../support/stub-backends.ts';
import { until } from '../../support/until.ts';

const CLUSTER = { REDIS_URL: 'redis://127.0.0.1:1', MONGO_URL: 'mongodb://127.0.0.1:1', AUDIT: 'off', AUTH_JWT_SECRET: 'a-secret-for-tests-of-at-least-32-characters', LOG_LEVEL: 'fatal', LOG_FORMAT: 'json' };
const brokers: ServiceBroker[] = [];
afterEach(async () => {
  for (const broker of brokers.splice(0)) await broker.stop();
});

interface Node {
  broker: ServiceBroker;
  host: ReturnType<typeof fakeHost>;
  lines: string[];
  get(path: string, init?: RequestInit): Promise<Response>;
}

function node(service: ServiceSchema, { env = {}, backends = {} }: { env?: Record<string, string>; backends?: Partial<Backends> } = {}): Node {
  const host = fakeHost();
  const lines: string[] = [];
  const broker = new ServiceBroker(brokerOptions(loadConfig({ ...CLUSTER, ...env }), stubBackends({ mode: 'cluster', ...backends }), host));
  broker.logger.info = (line: unknown) => void lines.push(String(line));
  broker.createService(service);
  brokers.push(broker);
  const url = (): string => /at (http:\S+)$/.exec(lines.find((line) => line.includes('answers probes')) ?? '')?.[1] ?? '';
  return { broker, host, lines, get: (path, init) => fetch(url() + path, init) };
}
const ready = async ({ get }: Node): Promise<unknown[]> => {
  const answer = await get('/ready');
  return [answer.status, await answer.json()];
};

test('M1 a node without a gateway answers probes at a free port of its own and says where', async () => {
  const ai = node({ name: 'ai' });
  await ai.broker.start();
  const line = ai.lines.filter((one) => one.includes('answers probes'));
  expect(line).toEqual([expect.stringMatching(/^Holdfast node holdfast-\w{8} \(ai\) answers probes at http:\/\/127\.0\.0\.1:\d+$/)]);
  expect((await ai.get('/health')).status).toBe(200);
  expect(await ready(ai)).toEqual([200, { ready: true, draining: false }]);
  expect((await ai.get('/ready', { method: 'HEAD' })).status).toBe(200);
  expect([(await ai.get('/')).status, (await ai.get('/api/health')).status, (await ai.get('/health', { method: 'POST' })).status]).toEqual([404, 404, 404]);
  await ai.broker.stop();
  await expect(ai.get('/health')).rejects.toThrow();
});

test('M1 it answers before its services have started, and is ready when they have', async () => {
  let begin = (): void => undefined;
  const port = await freePort();
  const seen: number[] = [];
  const slow = node({ name: 'history', started: () => new Promise<void>((resolve) => (begin = resolve)) }, { env: { PROBE_PORT: String(port) } });
  const started = slow.broker.start();
  await until('it answers', () => fetch(`http://127.0.0.1:${port}/health`).then(({ status }) => status === 200, () => false));
  seen.push((await fetch(`http://127.0.0.1:${port}/ready`)).status);
  begin();
  await started;
  seen.push((await fetch(`http://127.0.0.1:${port}/ready`)).status);
  expect(seen).toEqual([503, 200]);
});

test('M1 a port in use is one line that names the setting, and the node does not start', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => void other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  const audit = node({ name: 'audit' }, { env: { PROBE_PORT: String(port) } });
  await expect(audit.broker.start()).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use. Stop the other program or set PROBE_PORT.`);
  expect([audit.host.said, audit.host.exits]).toEqual([[`Port ${port} on 127.0.0.1 is in use. Stop the other program or set PROBE_PORT.`], [1]]);
  other.close();
});

test('M1 a node in embedded mode, with a gateway or without any service opens no server for probes', async () => {
  const nodes = [
    node({ name: 'ai' }, { env: { REDIS_URL: '', MONGO_URL: '' } }),
    node({ name: 'gateway' }),
    node({ name: '$nothing' }),
  ];
  for (const one of nodes) await one.broker.start();
  expect(nodes.flatMap(({ lines }) => lines.filter((line) => line.includes('probes')))).toEqual([]);
});

test('M2 a node that drains is not ready any more and is still alive', async () => {
  const held: (() => void)[] = [];
  const history = node({ name: 'history', events: { 'node.draining': () => new Promise<void>((resolve) => void held.push(resolve)) } });
  await history.broker.start();
  history.host.signal('SIGTERM');
  await until('it drains', async () => (await history.get('/ready')).status === 503);
  expect([await ready(history), (await history.get('/health')).status]).toEqual([[503, { ready: false, draining: true }], 200]);
  held.forEach((end) => end());
});

test('M3 an owner is ready once sessions can be claimed; stores that are away later do not change that', async () => {
  let settled: () => Promise<boolean> = async () => false;
  const owner = node({ name: 'session-owner' }, { backends: { settled: () => settled() } });
  await owner.broker.start();
  expect(await ready(owner)).toEqual([503, { ready: false, draining: false }]);
  settled = () => Promise.reject(new Error('away'));
  expect((await ready(owner))[0]).toBe(503);
  settled = () => new Promise(() => undefined);
  expect((await ready(owner))[0]).toBe(503);
  settled = async () => true;
  expect((await ready(owner))[0]).toBe(200);
  settled = () => Promise.reject(new Error('away'));
  expect((await ready(owner))[0]).toBe(200);
});

test('M4 /metrics has the process and what the services added, without CORS headers', async () => {
  const ai = node({ name: 'ai' });
  await ai.broker.start();
  const answer = await ai.get('/metrics', { headers: { origin: 'https://elsewhere.example' } });
  expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  const text = await answer.text();
  for (const name of ['process_resident_memory_bytes', 'nodejs_eventloop_lag_seconds']) expect(text).toMatch(new RegExp(`^${name} \\d`, 'm'));
});
