/** A session's settings and the models to choose from, as clients reach them. */
import type { ServiceSchema } from 'moleculer';
import type { OfferedModels } from '../../../src/protocol/broker.ts';
import { ask, startGateway, type TestGateway } from '../../support/gateway-harness.ts';

let offered: OfferedModels;
let asked: number;
let node: TestGateway;
const ai: ServiceSchema = { name: 'ai', actions: { models: () => ((asked += 1), offered) } };

async function start(services: ServiceSchema[] = [ai]): Promise<void> {
  offered = { default: 'own', models: ['own', 'other'], complete: true };
  asked = 0;
  node = await startGateway({ services });
}
afterEach(() => node.stop());

const configure = async (settings: unknown) => {
  const client = await node.connect();
  return { answer: await ask(client, 'session:configure', { sessionId: 's1', settings }), userId: client.hello.userId };
};

test('H63 settings go to the session\'s owner for the user the socket proved to be', async () => {
  await start();
  const settings = { model: ' other ', temperature: 2, systemPrompt: null };
  const { answer, userId } = await configure(settings);
  expect(answer).toMatchObject({ ok: true, session: { id: 's1' } });
  expect(node.calls).toEqual([{ action: 'session-owner.configure', params: { userId, sessionId: 's1', settings: { ...settings, model: 'other' } } }]);
});

test.each([
  [{ temperature: 2.1 }, 'settings.temperature: must be a number from 0 to 2'],
  [{ temperature: -0.1 }, 'settings.temperature: must be a number from 0 to 2'],
  [{ temperature: '1' }, 'settings.temperature: must be a number from 0 to 2'],
  [{ systemPrompt: 'x'.repeat(8_001) }, 'settings.systemPrompt: must be at most 8000 characters'],
  [{ model: ' ' }, 'settings.model: must not be empty'],
  [{ model: 'x'.repeat(201) }, 'settings.model: must be at most 200 characters'],
  [undefined, 'settings: '],
])('H63 %j is refused and the field named', async (settings, words) => {
  await start();
  expect((await configure(settings)).answer).toMatchObject({ ok: false, error: { code: 'invalid', message: expect.stringContaining(words) } });
  expect(node.calls).toEqual([]);
});

test('H66 feedback goes to the session\'s owner; past its limits it is refused and the field named', async () => {
  await start();
  const client = await node.connect();
  const give = (fields: object) => ask(client, 'message:feedback', { sessionId: 's1', messageId: 'r1', ...fields });
  expect(await give({ rating: 'down', comment: 'Wrong.' })).toEqual({ ok: true, feedback: { rating: 'down' } });
  expect(await give({ rating: null })).toEqual({ ok: true, feedback: null });
  expect(node.calls).toMatchObject([
    { action: 'session-owner.feedback', params: { userId: client.hello.userId, sessionId: 's1', messageId: 'r1', rating: 'down', comment: 'Wrong.' } },
    { params: { rating: null } },
  ]);
  expect(await give({ rating: 'sideways' })).toMatchObject({ ok: false, error: { code: 'invalid', message: expect.stringContaining('rating: ') } });
  expect(await give({})).toMatchObject({ ok: false, error: { code: 'invalid', message: expect.stringContaining('rating: ') } });
  expect(await give({ rating: 'up', comment: 'x'.repeat(2_001) })).toMatchObject({ ok: false, error: { code: 'invalid', message: 'comment: must be at most 2000 characters' } });
  expect(node.calls).toHaveLength(2);
});

test('P43 a model that is not offered is refused by name', async () => {
  await start();
  expect((await configure({ model: 'unknown' })).answer).toMatchObject({ ok: false, error: { code: 'invalid', message: 'settings.model: the model "unknown" is not offered here', retryable: false } });
  expect(node.calls).toEqual([]);
});

test('P43 while the models cannot be told, another one than the default is refused for now, and all else is set', async () => {
  await start();
  offered = { default: 'own', models: ['own'], complete: false };
  expect((await configure({ model: 'other' })).answer).toMatchObject({ ok: false, error: { code: 'ai-unavailable', retryable: true } });
  expect((await configure({ model: 'own' })).answer).toMatchObject({ ok: true });
  const before = asked;
  expect((await configure({ model: null, temperature: 1 })).answer).toMatchObject({ ok: true });
  expect(asked).toBe(before);
});

test('P44 GET /api/models names what there is to choose from, to those who have a token; models:list does over a socket', async () => {
  await start();
  const { token } = await node.guest();
  expect((await node.http('/api/models', { token })).body).toEqual({ default: 'own', models: [{ id: 'own' }, { id: 'other' }] });
  expect(await node.http('/api/models')).toMatchObject({ status: 401, body: { error: { code: 'unauthenticated' } } });
  expect(asked).toBe(1);
  expect(await ask(await node.connect(), 'models:list', {})).toEqual({ ok: true, default: 'own', models: [{ id: 'own' }, { id: 'other' }] });
});

test('P44 without an ai node it is retryable', async () => {
  await start([]);
  const { token } = await node.guest();
  expect(await node.http('/api/models', { token })).toMatchObject({ status: 503, body: { error: { code: 'unavailable', retryable: true } } });
});
