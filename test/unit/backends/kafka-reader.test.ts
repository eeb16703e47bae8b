import { KafkaJSGroupCoordinatorNotFound, KafkaJSNumberOfRetriesExceeded, KafkaJSProtocolError } from 'kafkajs';
import { patiently } from '../../../src/backends/cluster/audit-reader.ts';

const refused = (retriable: boolean): KafkaJSProtocolError => Object.assign(new KafkaJSProtocolError(new Error('not the leader')), { retriable });

test('A44 a question that a broker cannot answer yet is asked again', async () => {
  const answers = [refused(true), refused(true)];
  expect(await patiently(() => (answers.length > 0 ? Promise.reject(answers.pop()!) : Promise.resolve('offsets')))).toBe('offsets');
});

test('A44 so is one that the client gave up asking, or for which no broker leads the group', async () => {
  const exceeded = new KafkaJSNumberOfRetriesExceeded(refused(true), { retryCount: 3, retryTime: 1 });
  const answers = [exceeded, Reflect.construct(KafkaJSGroupCoordinatorNotFound, ['Failed to find group coordinator']) as Error];
  expect(await patiently(() => (answers.length > 0 ? Promise.reject(answers.pop()!) : Promise.resolve('entries')))).toBe('entries');
});

test('A44 any other error is told at once', async () => {
  let asked = 0;
  await expect(patiently(() => ((asked += 1), Promise.reject(refused(false))))).rejects.toThrow('not the leader');
  expect(asked).toBe(1);
});
