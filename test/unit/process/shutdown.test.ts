import { ServiceBroker } from 'moleculer';
import { loadConfig, type Config } from '../../../src/config.ts';
import { balancerWaitMs, Shutdown } from '../../../src/process/shutdown.ts';
import { fakeHost } from '../../support/fake-host.ts';
import { settle } from '../../support/virtual-clock.ts';

const CLUSTER = { REDIS_URL: 'redis://localhost', MONGO_URL: 'mongodb://localhost', AUDIT: 'off', AUTH_GUESTS: 'off' };

/** A broker of which stopping takes as long as the test says. */
function world(config: Config = loadConfig({})) {
  const host = fakeHost();
  const broker = new ServiceBroker({ logger: false, skipProcessEventRegistration: true });
  const calls: string[] = [];
  let endStop = (): void => {};
  const stopping = new Promise<void>((resolve) => {
    endStop = resolve;
  });
  broker.broadcastLocal = (event: string, payload?: unknown) => Promise.resolve(void calls.push(payload === undefined ? event : `${event} ${JSON.stringify(payload)}`));
  broker.stop = () => {
    calls.push('stop');
    return stopping;
  };
  const shutdown = new Shutdown(broker, config, host);
  shutdown.watch();
  return { host, calls, shutdown, endStop };
}

describe('the end of a node', () => {
  test('N4 SIGTERM: services hear of it, owners hand over, then the broker stops, then exit 0', async () => {
    const { host, calls, shutdown, endStop } = world();
    shutdown.started();
    host.signal('SIGTERM');
    await settle();
    expect(calls).toEqual(['node.draining {"withinMs":1000}', 'node.handover', 'stop']);
    expect(host.exits).toEqual([]);
    endStop();
    await settle();
    expect(host.exits).toEqual([0]);
    expect(host.said).toEqual([]);
  });

  test('N4 in a cluster the load balancer gets time to notice before the broker stops', async () => {
    const config = loadConfig({ ...CLUSTER, DRAIN_MS: '8000' });
    const { host, calls, shutdown } = world(config);
    shutdown.started();
    host.signal('SIGINT');
    await host.clock.advance(balancerWaitMs(config) - 1);
    expect(calls).toEqual(['node.draining {"withinMs":2000}']);
    await host.clock.advance(1);
    expect(calls).toEqual(['node.draining {"withinMs":2000}', 'node.handover', 'stop']);
  });

  test('N4 a signal while the node starts waits for the start', async () => {
    const { host, calls, shutdown } = world();
    host.signal('SIGTERM');
    await settle();
    expect(calls).toEqual([]);
    shutdown.started();
    await settle();
    expect(calls).toContain('stop');
  });

  test('N5 a stop that takes longer than DRAIN_MS is ended: one line, exit 1', async () => {
    const { host, shutdown } = world(loadConfig({ DRAIN_MS: '5000' }));
    shutdown.started();
    host.signal('SIGTERM');
    await host.clock.advance(4_999);
    expect(host.exits).toEqual([]);
    await host.clock.advance(1);
    expect(host.exits).toEqual([1]);
    expect(host.said).toEqual([expect.stringContaining('DRAIN_MS (5000 ms)')]);
  });

  test('N6 a second signal ends the process at once', async () => {
    const { host, shutdown } = world();
    shutdown.started();
    host.signal('SIGTERM');
    await host.clock.advance(1_500);
    host.signal('SIGTERM');
    expect(host.exits).toEqual([1]);
    expect(host.said).toEqual([expect.stringContaining('SIGTERM again')]);
  });

  test('N6 one Ctrl-C that arrives twice, as it does under npm, is one wish', async () => {
    const { host, calls, shutdown, endStop } = world();
    shutdown.started();
    host.signal('SIGINT');
    await host.clock.advance(20);
    host.signal('SIGINT');
    endStop();
    await settle();
    expect(calls.filter((call) => call === 'stop')).toHaveLength(1);
    expect(host.exits).toEqual([0]);
  });

  test('N7 an error nobody caught ends the process with one line', () => {
    const { host } = world();
    host.uncaught(new Error('something\nnobody thought of'));
    expect(host.said).toEqual(['ended by an unexpected error: something nobody thought of']);
    expect(host.exits).toEqual([1]);
  });

  test('after the stop nothing listens any more', () => {
    const { host, shutdown } = world();
    expect(host.listeners()).toBe(3);
    shutdown.unwatch();
    expect(host.listeners()).toBe(0);
  });
});
