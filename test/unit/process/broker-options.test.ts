import { Runner, ServiceBroker, type BrokerOptions } from 'moleculer';
import { BrokerLink } from '../../../src/backends/cluster/broker-link.ts';
import { RedisDiscoverer } from '../../../src/backends/cluster/redis-discoverer.ts';
import { RedisTransporter } from '../../../src/backends/cluster/redis-transporter.ts';
import { loadConfig, settings } from '../../../src/config.ts';
import { nodeOf } from '../../../src/node-context.ts';
import { brokerOptions } from '../../../src/process/broker-options.ts';
import { fakeHost } from '../../support/fake-host.ts';
import { stubBackends } from '../../support/stub-backends.ts';

const config = loadConfig({ LOG_FORMAT: 'json', LOG_LEVEL: 'fatal' });

const plain = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Every value by its path, so that two states of the options can be compared. */
function flat(options: object, path = ''): [string, unknown][] {
  return Object.entries(options).flatMap(([key, value]): [string, unknown][] => (plain(value) ? flat(value, `${path}${key}.`) : [[`${path}${key}`, value]]));
}

/** What moleculer-runner makes of the options in this environment. */
function throughRunner(env: Record<string, string>): [string, unknown][] {
  const runner = new Runner();
  runner.flags = {};
  const before = { ...process.env };
  Object.assign(process.env, env);
  try {
    runner.mergeOptions(brokerOptions(config, stubBackends({}), fakeHost()));
    return flat(runner.config);
  } finally {
    process.env = before;
  }
}

describe('broker options', () => {
  test('N10 moleculer-runner, which lets the environment override broker options, takes none of our settings for one', () => {
    const ours = Object.fromEntries([...Object.keys(settings), 'SERVICES'].map((name) => [name, 'ours']));
    expect(throughRunner(ours).filter(([, value]) => value === 'ours')).toEqual([]);
    // The check can fail: this one is an option.
    expect(throughRunner({ REGISTRY_STRATEGY: 'ours' }).filter(([, value]) => value === 'ours')).toEqual([['registry.strategy', 'ours']]);
  });

  test('each start has a node id of its own', () => {
    const ids = [1, 2].map(() => brokerOptions(config, stubBackends({}), fakeHost()).nodeID);
    expect(ids[0]).toMatch(/^holdfast-[A-Za-z0-9]{8}$/);
    expect(ids[0]).not.toBe(ids[1]);
  });

  test('X13 a cluster takes transporter and discoverer of its backends, also through the runner; embedded has neither', () => {
    const secret = 'redis://:secret@127.0.0.1:1';
    const link: BrokerLink = Object.assign(Object.create(BrokerLink.prototype), { url: secret });
    const transporter = new RedisTransporter(link);
    const discoverer = new RedisDiscoverer({ link, loopback: async () => {}, isDead: () => false, heartbeatMs: 1_000, timeoutMs: 4_000 });
    const cluster = { ...config, mode: 'cluster' as const };
    const runner = new Runner();
    runner.flags = {};
    runner.mergeOptions(brokerOptions(cluster, stubBackends({ mode: 'cluster', network: { transporter, registry: { discoverer } } }), fakeHost()));
    expect(runner.config.transporter).toBe(transporter);
    expect(runner.config.registry).toMatchObject({ preferLocal: true, stopDelay: 100 });
    expect(runner.config.registry?.discoverer).toBe(discoverer);
    expect(JSON.stringify(transporter) + JSON.stringify(discoverer)).not.toContain('secret');
    const embedded = brokerOptions(config, stubBackends({}), fakeHost());
    expect(embedded.transporter).toBeNull();
    expect(embedded.registry).toEqual({ preferLocal: true, stopDelay: 0 });
  });

  test('calls end, are tracked until the node stops, and are never repeated by the broker', () => {
    const options = brokerOptions(config, stubBackends({}), fakeHost());
    expect(options).toMatchObject({
      requestTimeout: config.REQUEST_TIMEOUT_MS,
      retryPolicy: { enabled: false },
      tracking: { enabled: true },
      skipProcessEventRegistration: true,
    });
    expect(options.tracking?.shutdownTimeout).toBeLessThan(config.DRAIN_MS / 2);
  });
});

describe('a broker made with them', () => {
  function make() {
    const host = fakeHost();
    const order: string[] = [];
    const backends = stubBackends({ close: () => Promise.resolve(void order.push('backends closed')) });
    const options: BrokerOptions = brokerOptions(config, backends, host);
    return { host, order, backends, broker: new ServiceBroker(options) };
  }

  test('N11 services find settings and stores in created, started and until they have stopped', async () => {
    const { broker, order, backends, host } = make();
    broker.createService({
      name: 'probe',
      created() {
        expect(nodeOf(this.broker)).toEqual({ config, backends });
        order.push('created');
      },
      async started() {
        order.push('started');
      },
      async stopped() {
        order.push('stopped');
      },
    });
    await broker.start();
    await broker.stop();
    expect(order).toEqual(['created', 'started', 'stopped', 'backends closed']);
    expect(host.listeners()).toBe(0);
  });

  test('N4 a signal stops the services, closes the stores and exits 0', async () => {
    const { broker, order, host } = make();
    broker.createService({ name: 'probe', events: { 'node.draining': () => void order.push('draining') }, stopped: async () => void order.push('stopped') });
    await broker.start();
    const ended = new Promise<void>((resolve) => {
      host.exit = (code) => {
        order.push(`exit ${code}`);
        resolve();
      };
    });
    host.signal('SIGTERM');
    await ended;
    expect(order).toEqual(['draining', 'stopped', 'backends closed', 'exit 0']);
  });
});
