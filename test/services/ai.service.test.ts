import { demoText } from '../../src/ai/providers/demo-text.ts';
import { call } from '../../src/typed-call.ts';
import { startAi, type AiBroker, type StartOptions } from '../support/ai-broker.ts';
import { answer, dropAfter, openAiServer, refuse, silence, sse, stallAfter, type OpenAiServer, type Script } from '../support/openai-server.ts';
import { until } from '../support/until.ts';

const KEY = 'sk-very-secret-1234';
const started: AiBroker[] = [];
let server: OpenAiServer;

beforeEach(async () => {
  server = await openAiServer();
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((ai) => ai.broker.stop()));
  await server.close();
});

async function start(options: StartOptions = {}): Promise<AiBroker> {
  const ai = await startAi(options);
  started.push(ai);
  return ai;
}
const startOpenAi = (env: Record<string, string> = {}): Promise<AiBroker> =>
  start({ env: { AI_PROVIDER: 'openai', OPENAI_BASE_URL: server.url, OPENAI_API_KEY: KEY, ...env } });

const ended = (ai: AiBroker, runId = 'run-1'): Promise<void> => until(`the end of ${runId}`, () => ai.heard.ends(runId).length > 0);

describe('demo', () => {
  test('P8 a run sends its text to the owner node and one end after it; acknowledged, it is forgotten', async () => {
    const ai = await start({ env: { DEMO_TOKENS_PER_SECOND: '0' } });
    expect(await ai.generate()).toEqual({ aiNode: 'node-1' });
    await ended(ai);
    const text = demoText([{ role: 'user', content: 'How do I keep an answer whole?' }], 0);
    expect(ai.heard.text('run-1')).toBe(text);
    expect(ai.heard.ends('run-1')).toMatchObject([{ outcome: 'completed', finishReason: 'stop', model: 'demo' }]);
    expect(await call(ai.broker, 'ai.runs', {})).toMatchObject([{ runId: 'run-1', ownerNode: 'node-1', characters: text.length, acknowledged: 0, ended: true }]);
    await call(ai.broker, 'ai.ack', { acks: [{ runId: 'run-1', epoch: 1, offset: text.length, ended: true }] });
    expect(await call(ai.broker, 'ai.runs', {})).toEqual([]);
  });

  test('C20 a cancelled run says nothing more, and the next one works', async () => {
    const ai = await start({ env: { DEMO_TOKENS_PER_SECOND: '500' } });
    await ai.generate();
    await until('some text', () => ai.heard.text('run-1') !== '');
    expect(await call(ai.broker, 'ai.cancel', { runId: 'run-1', epoch: 1 })).toEqual({ known: true });
    const said = ai.heard.chunks('run-1').length;
    expect(await call(ai.broker, 'ai.status', {})).toEqual({ nodeId: 'node-1', provider: 'demo', model: 'demo', load: 0, capacity: 64 });
    await ai.generate({ runId: 'run-2', replyId: 'reply-2' });
    await ended(ai, 'run-2');
    expect(ai.heard.chunks('run-1')).toHaveLength(said);
    expect(ai.heard.ends('run-1')).toEqual([]);
  });

  test('P4 what the owner does not acknowledge comes again', async () => {
    const ai = await start({ env: { DEMO_TOKENS_PER_SECOND: '0', AI_RESEND_MS: '40' } });
    await ai.generate();
    await until('the end three times', () => ai.heard.ends('run-1').length >= 3);
    const last = ai.heard.chunks('run-1').at(-1);
    expect(last).toMatchObject({ offset: 0, text: ai.heard.text('run-1') });
  });

  test('P1 parameters are checked before anything begins', async () => {
    const ai = await start();
    await expect(ai.generate({ epoch: 0 })).rejects.toMatchObject({ code: 422, type: 'VALIDATION_ERROR' });
    await expect(ai.generate({ sessionId: 'no spaces' })).rejects.toMatchObject({ code: 422 });
    expect(await call(ai.broker, 'ai.runs', {})).toEqual([]);
  });

  test('P40 over the broker: the models of the provider, the default one first', async () => {
    const ai = await start({ env: { DEMO_TOKENS_PER_SECOND: '0' } });
    expect(await call(ai.broker, 'ai.models', {})).toEqual({ default: 'demo', models: ['demo', 'demo-brief'], complete: true });
    await ai.generate({ settings: { model: 'demo-brief' } });
    await ended(ai);
    expect(ai.heard.ends('run-1')).toMatchObject([{ outcome: 'completed', model: 'demo-brief' }]);
    const few = await start({ env: { AI_MODELS: 'demo' }, nodeID: 'node-2' });
    expect(await call(few.broker, 'ai.models', {})).toMatchObject({ models: ['demo'] });
    await expect(few.generate({ settings: { model: 'demo-brief' } })).rejects.toMatchObject({ type: 'ai-refused' });
  });

  test('no action of the service can be reached over HTTP', async () => {
    const ai = await start();
    const visible = ai.broker.registry.actions.list({ onlyLocal: true, skipInternal: true });
    expect(visible.map((entry) => entry.name).sort()).toEqual(['ack', 'attach', 'cancel', 'generate', 'models', 'replay', 'runs', 'status'].map((name) => `ai.${name}`));
    for (const entry of visible) expect(ai.broker.getLocalService('ai').schema.actions).toHaveProperty([entry.name.slice(3), 'visibility'], 'public');
  });
});

describe('several nodes', () => {
  test('P2 P5 only the owner node hears the chunks, and after an attach only the new one', async () => {
    const [ai, one, two] = await Promise.all([
      start({ cluster: true, nodeID: 'ai-1', env: { DEMO_TOKENS_PER_SECOND: '200', DEMO_TOKENS: '100' } }),
      start({ cluster: true, nodeID: 'owner-1', ai: false }),
      start({ cluster: true, nodeID: 'owner-2', ai: false }),
    ]);
    const services = (node: AiBroker, name: string): number => node.broker.registry.getServiceList({}).filter((entry) => entry.name === name).length;
    await until('the ai node and the owners know one another', () => services(ai, 'session-owner') === 3 && services(one, 'ai') === 1 && services(two, 'ai') === 1);
    expect(await one.generate()).toEqual({ aiNode: 'ai-1' });
    await until('text at the first owner', () => one.heard.text('run-1').length > 20);
    expect(two.heard.events).toEqual([]);
    const logged = one.heard.text('run-1');
    const params = { runId: 'run-1', ownerNode: 'owner-2', epoch: 2, offset: logged.length };
    expect(await call(two.broker, 'ai.attach', params, { nodeID: 'ai-1' })).toEqual({ known: true });
    await ended(two);
    const whole = demoText([{ role: 'user', content: 'How do I keep an answer whole?' }], 100);
    expect(logged + two.heard.text('run-1', logged.length)).toBe(whole);
    expect(one.heard.ends('run-1')).toEqual([]);
    expect(ai.heard.events).toEqual([]);
  });
});

describe('openai', () => {
  const half: Script = async (exchange) => {
    await stallAfter(['one ', 'two '])(exchange);
    await exchange.write(sse({ error: { message: 'You said: How do I', type: 'overloaded_error' } }));
    exchange.response.end();
  };
  const cases: [string, Script[], object, string, Record<string, string>?][] = [
    ['a good answer in pieces of 3 bytes', [answer(['Xin chào ', '🚀'], { size: 3, eol: '\r\n', comments: true })], { outcome: 'completed', finishReason: 'stop', model: 'test-model-1' }, 'Xin chào 🚀'],
    ['401', [refuse(401, { message: KEY })], { outcome: 'failed', error: { code: 'ai-refused', retryable: false } }, ''],
    ['429, then 500, then an answer', [refuse(429, { message: 'x' }, { 'retry-after': '0.01' }), refuse(500, { message: 'x' }), answer(['ok'])], { outcome: 'completed' }, 'ok'],
    ['a cut connection, then an answer', [(exchange) => exchange.drop(), answer(['ok'])], { outcome: 'completed' }, 'ok'],
    ['500 three times', [refuse(500, 'x'), refuse(500, 'x'), refuse(500, 'x')], { outcome: 'failed', error: { code: 'ai-unavailable', retryable: true } }, ''],
    ['429 for an hour', [refuse(429, 'x', { 'retry-after': '3600' })], { outcome: 'failed', error: { code: 'ai-unavailable', retryAfterMs: 3_600_000 } }, ''],
    ['no first token', [silence], { outcome: 'failed', error: { code: 'ai-timeout', retryable: true } }, '', { AI_FIRST_TOKEN_MS: '150' }],
    ['a stall', [stallAfter(['one ', 'two '])], { outcome: 'failed', error: { code: 'ai-timeout' } }, 'one two '],
    ['a cut in the middle', [dropAfter(['one ', 'two '])], { outcome: 'failed', error: { code: 'ai-unavailable', retryable: true } }, 'one two '],
    ['an error in the middle', [half], { outcome: 'failed', error: { code: 'ai-unavailable' } }, 'one two '],
    ['no finish and no [DONE]', [answer(['one '], { finish: null, done: false })], { outcome: 'failed', error: { code: 'ai-unavailable' } }, 'one '],
  ];

  test.each(cases)('P27 fault 23: %s: one typed end, every request closed, and the next run works at once', async (_name, scripts, end, text, env = {}) => {
    const ai = await startOpenAi({ AI_STALL_MS: '200', AI_MAX_CONCURRENT: '1', ...env });
    server.next(...scripts);
    await ai.generate();
    await ended(ai);
    expect(ai.heard.ends('run-1')).toMatchObject([end]);
    expect(ai.heard.text('run-1')).toBe(text);
    expect(server.exchanges).toHaveLength(scripts.length);
    await until('every answer over', () => server.exchanges.every((exchange) => exchange.closedAt !== null || exchange.response.writableFinished));
    await ai.generate({ runId: 'run-2', replyId: 'reply-2' });
    await ended(ai, 'run-2');
    expect(ai.heard.text('run-2')).toBe('Hello there.');
    expect(ai.log.join('')).not.toMatch(/secret|You said|How do I|Hello/);
  });

  test('C22 ai.cancel closes the connection at the model server at once, which has more to say', async () => {
    const ai = await startOpenAi();
    server.next(stallAfter(['one ']));
    await ai.generate();
    await until('the text', () => ai.heard.text('run-1') === 'one ');
    expect(await call(ai.broker, 'ai.cancel', { runId: 'run-1', epoch: 1 })).toEqual({ known: true });
    await until('the connection closed', () => server.exchanges[0]?.closedAt !== null);
    expect(ai.log.map((line) => JSON.parse(line) as object)).toContainEqual(expect.objectContaining({ msg: 'run cancelled', run: 'run-1', session: 'session-1', message: 'reply-1' }));
  });

  test('P10 fault 27: a retry of a lost generate under a new run id leaves one upstream', async () => {
    const ai = await startOpenAi();
    server.next(stallAfter(['old ']), answer(['new ', 'text']));
    await ai.generate();
    await until('the old text', () => ai.heard.text('run-1') === 'old ');
    await ai.generate({ runId: 'run-2' });
    await ended(ai, 'run-2');
    await until('the older connection closed', () => server.exchanges[0]?.closedAt !== null);
    expect(ai.heard.text('run-2')).toBe('new text');
    expect(ai.heard.ends('run-1')).toEqual([]);
  });

  test('P13 stopping in the middle closes every connection at once', async () => {
    const ai = await startOpenAi();
    server.next(stallAfter(['one ']), silence);
    await ai.generate();
    await ai.generate({ runId: 'run-2', replyId: 'reply-2' });
    await until('both requests', () => server.exchanges.length === 2 && ai.heard.text('run-1') !== '');
    const stoppedAt = performance.now();
    await started.splice(0)[0]?.broker.stop();
    expect(performance.now() - stoppedAt).toBeLessThan(1_000);
    await until('both connections closed', () => server.exchanges.every((exchange) => exchange.closedAt !== null));
  });
});
