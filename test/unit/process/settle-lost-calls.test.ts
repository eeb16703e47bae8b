import { ServiceBroker } from 'moleculer';
import { loadConfig } from '../../../src/config.ts';
import { brokerOptions } from '../../../src/process/broker-options.ts';
import { fakeHost } from '../../support/fake-host.ts';
import { stubBackends } from '../../support/stub-backends.ts';
import { until } from '../../support/until.ts';

const config = loadConfig({ LOG_FORMAT: 'json', LOG_LEVEL: 'fatal' });
const LIMIT_MS = 100;

/** Calls of a broker that still run, as its end would wait for them. */
const running = (broker: ServiceBroker): number => (broker as ServiceBroker & { _trackedContexts: unknown[] })._trackedContexts.length;

describe('calls that nobody answers', () => {
  test('N64 a call to another node that got no answer in time is over: nothing of it is kept, and a stop does not wait for it', async () => {
    const { middlewares, tracking } = brokerOptions(config, stubBackends({}), fakeHost());
    const ours = middlewares!.filter((middleware) => (middleware as { name?: string }).name === 'SettleLostCalls');
    const options = { namespace: 'lost-calls', logger: false, transporter: 'Fake' as const, requestTimeout: LIMIT_MS };
    const caller = new ServiceBroker({ ...options, nodeID: 'caller', tracking: tracking!, middlewares: ours });
    const silent = new ServiceBroker({ ...options, nodeID: 'silent' });
    silent.createService({ name: 'silent', actions: { answer: () => 'here' } });
    await Promise.all([caller.start(), silent.start()]);
    try {
      await caller.waitForServices('silent');
      expect(await caller.call('silent.answer')).toBe('here');
      // Its answers are lost from here on, also the one that it gave up.
      jest.spyOn(silent.transit!, 'sendResponse').mockResolvedValue(undefined);
      const asked = Promise.allSettled(Array.from({ length: 5 }, () => caller.call('silent.answer')));
      expect(running(caller)).toBe(5);
      for (const result of await asked) expect(result).toMatchObject({ reason: { type: 'REQUEST_TIMEOUT' } });
      await until('the calls to be over', () => running(caller) === 0, 2_000);
    } finally {
      await Promise.all([caller.stop(), silent.stop()]);
    }
  });
});
