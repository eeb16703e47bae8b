import { ServiceBroker, type ServiceSchema } from 'moleculer';
import { ConfigError } from '../../../src/config.ts';
import { startProblems } from '../../../src/process/failures.ts';
import { startGuard } from '../../../src/process/start-guard.ts';
import { StartError } from '../../../src/start-error.ts';
import { fakeHost } from '../../support/fake-host.ts';

function brokerWith(schema: Partial<ServiceSchema>) {
  const host = fakeHost();
  const broker = new ServiceBroker({ logger: false, skipProcessEventRegistration: true, middlewares: [startGuard(host)] });
  broker.createService({ name: 'probe', ...schema });
  return { host, broker };
}

describe('a node that cannot start', () => {
  test('N8 a service that fails for a known reason ends the process with that one line', async () => {
    const { host, broker } = brokerWith({ started: () => Promise.reject(new StartError('PORT: 3000 is in use')) });
    await expect(broker.start()).rejects.toThrow('PORT: 3000 is in use');
    expect(host.said).toEqual(['PORT: 3000 is in use']);
    expect(host.exits).toEqual([1]);
    await broker.stop();
  });

  test('N8 an unknown error is no line of ours: it goes on to the runner, which shows it whole', async () => {
    const { host, broker } = brokerWith({ started: () => Promise.reject(new TypeError('a bug')) });
    await expect(broker.start()).rejects.toThrow(TypeError);
    expect(host.said).toEqual([]);
    expect(host.exits).toEqual([]);
    await broker.stop();
  });

  test('every started of a service with mixins runs, in order, with the service as this', async () => {
    const order: string[] = [];
    const note = (place: string) => async function started(this: { name: string }) {
      order.push(`${place} ${this.name}`);
    };
    const { host, broker } = brokerWith({ started: note('own'), mixins: [{ started: note('mixin') }] });
    await broker.start();
    await broker.stop();
    expect(order).toEqual(['mixin probe', 'own probe']);
    expect(host.exits).toEqual([]);
  });

  test('a service loaded again later fails by itself', async () => {
    const { host, broker } = brokerWith({});
    await broker.start();
    broker.createService({ name: 'late', started: () => Promise.reject(new StartError('no')) });
    await broker.stop();
    expect(host.exits).toEqual([]);
  });
});

describe('the reason in words', () => {
  test('N8 each problem is exactly one line', () => {
    expect(startProblems(new TypeError('a bug'))).toBeNull();
    expect(startProblems(new StartError('first\n  second'))).toEqual(['first second']);
    expect(startProblems(new ConfigError(['A: x', 'B: y']))).toEqual(['A: x', 'B: y']);
  });
});
