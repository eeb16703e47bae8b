import { ServiceBroker } from 'moleculer';
import { systemClock } from '../../../src/clock.ts';
import { aiPort } from '../../../src/session-owner/ai-port.ts';
import { stubBackends } from '../../support/stub-backends.ts';
import { until } from '../../support/until.ts';

test('X31 an ai node that hears no acknowledgements is one line in the log, until it has heard one', async () => {
  const broker = new ServiceBroker({ logger: false });
  const warned: object[] = [];
  let heard = 0;
  const logger = { info: () => {}, warn: (fields: object) => void warned.push(fields), error: () => {} };
  const port = aiPort(broker, logger, { presence: stubBackends({}).presence, clock: systemClock });
  const acknowledge = (times: number): void => {
    for (let n = 0; n < times; n += 1) port.acknowledge(broker.nodeID, { acks: [] });
  };
  await broker.start();
  acknowledge(20);
  await until('the first line', () => warned.length > 0);
  const ai = broker.createService({ name: 'ai', actions: { ack: () => void (heard += 1) } });
  await broker.waitForServices('ai');
  acknowledge(3);
  await until('it hears again', () => heard === 3);
  await broker.destroyService(ai);
  acknowledge(20);
  await until('the second line', () => warned.length > 1);
  await broker.stop();
  expect(warned).toEqual([expect.objectContaining({ aiNode: broker.nodeID }), expect.objectContaining({ aiNode: broker.nodeID })]);
});
