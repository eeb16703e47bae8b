import { ServiceBroker, type BrokerOptions } from 'moleculer';
import { loadConfig } from '../../../src/config.ts';
import { chatError } from '../../../src/errors.ts';
import { brokerOptions } from '../../../src/process/broker-options.ts';
import { fakeHost } from '../../support/fake-host.ts';
import { stubBackends } from '../../support/stub-backends.ts';

const config = loadConfig({ LOG_FORMAT: 'json', LOG_LEVEL: 'fatal' });
const options: BrokerOptions = { namespace: 'unsent', transporter: 'Fake', requestTimeout: 60_000, logger: false };
let caller: ServiceBroker;
let callee: ServiceBroker;
let lines: string[];

beforeEach(async () => {
  lines = [];
  const { middlewares } = brokerOptions(config, stubBackends({}), fakeHost());
  const ours = middlewares!.filter((middleware) => /SettleLostCalls|UnsentPackets/.test((middleware as { name?: string }).name ?? ''));
  const watch = { name: 'Watch', newLogEntry: (level: string, said: unknown[]) => void (/info|warn|error/.test(level) && lines.push(`${level} ${said.filter((part) => typeof part === 'string').join()}`)) };
  caller = new ServiceBroker({ ...options, nodeID: 'caller', middlewares: [...ours, watch] });
  callee = new ServiceBroker({ ...options, nodeID: 'callee', middlewares: [...ours, watch] });
  callee.createService({ name: 'there', actions: { answer: () => 'here' } });
  await Promise.all([caller.start(), callee.start()]);
  await caller.waitForServices('there');
  lines = [];
});
afterEach(async () => {
  await Promise.all([caller.stop(), callee.stop()]);
  jest.restoreAllMocks();
});

const unavailable = { type: 'unavailable', retryable: true };

describe('requests that cannot be sent', () => {
  test('X31 are refused at once, each of them, and an outage is one line, and one more when it is over', async () => {
    const away = () => Promise.reject(chatError('unavailable', 'away', 1_000));
    const outage = jest.spyOn(caller.transit!.tx, 'prepublish').mockImplementation(away);
    const began = performance.now();
    for (const result of await Promise.allSettled(Array.from({ length: 50 }, () => caller.call('there.answer')))) {
      expect(result).toMatchObject({ status: 'rejected', reason: unavailable });
    }
    await expect(caller.call('there.answer')).rejects.toMatchObject(unavailable);
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(caller.transit!.pendingRequests.size).toBe(0);
    expect(lines).toEqual(['warn other nodes are not reached; calls to them are refused']);
    outage.mockRestore();
    expect(await caller.call('there.answer')).toBe('here');
    jest.spyOn(caller.transit!.tx, 'prepublish').mockImplementation(away);
    await expect(caller.call('there.answer')).rejects.toMatchObject(unavailable);
    expect(lines.slice(1)).toEqual(['info other nodes are reached again', lines[0]]);
    jest.restoreAllMocks();
  });

  test('X31 a lost answer is no error either, and its caller has its time limit', async () => {
    jest.spyOn(callee.transit!.tx, 'prepublish').mockImplementation(() => Promise.reject(new Error('away')));
    await expect(caller.call('there.answer', {}, { timeout: 50 })).rejects.toMatchObject({ type: 'REQUEST_TIMEOUT' });
    expect(lines.filter((line) => !/timed out/.test(line))).toEqual([]);
    jest.restoreAllMocks();
  });
});
