import { systemClock } from '../../../../src/clock.ts';
import { OpenAiProvider } from '../../../../src/ai/providers/openai.ts';
import { ProviderError, type GenerateRequest, type ProviderEvent } from '../../../../src/ai/providers/provider.ts';
import { answer, answerBody, chunk, dropAfter, listModels, openAiServer, refuse, silence, sse, stallAfter, type OpenAiServer, type Script } from '../../../support/openai-server.ts';
import { until } from '../../../support/until.ts';

const KEY = 'sk-very-secret-1234';
let server: OpenAiServer;
let provider: OpenAiProvider;

beforeEach(async () => {
  server = await openAiServer();
  provider = new OpenAiProvider({ baseUrl: server.url, apiKey: KEY, model: 'test-model', clock: systemClock });
});
afterEach(() => server.close());

interface Outcome {
  text: string;
  events: ProviderEvent[];
  finish?: ProviderEvent & { type: 'finish' };
  error?: ProviderError;
}

async function ask(prefix = '', signal = new AbortController().signal, outcome: Outcome = { text: '', events: [] }, more: Partial<GenerateRequest> = {}): Promise<Outcome> {
  try {
    for await (const event of provider.generate({ messages: [{ role: 'user', content: 'Hi' }], prefix, signal, sessionId: 's', ...more })) {
      outcome.events.push(event);
      if (event.type === 'text') outcome.text += event.text;
      if (event.type === 'finish') outcome.finish = event;
    }
  } catch (thrown) {
    if (!(thrown instanceof ProviderError)) throw thrown;
    outcome.error = thrown;
  }
  return outcome;
}

async function expectNextWorks(): Promise<void> {
  server.next(answer(['It ', 'works.']));
  expect(await ask()).toMatchObject({ text: 'It works.', finish: { finishReason: 'stop' } });
}

const TEXT = ['Xin chào ', 'các bạn — ', '日本語 ', '🚀🏽 ', 'data: [DONE] in a text\n\n', '\r\nđường'];

describe('a whole answer', () => {
  const usage = { prompt_tokens: 12, completion_tokens: 34, total_tokens: 46 };

  test('P20 the server of these tests really splits: its bytes come as they were written', async () => {
    server.next(answer(TEXT, { size: 3 }));
    const response = await fetch(`${server.url}/chat/completions`, { method: 'POST', body: '{}' });
    const sizes: number[] = [];
    for await (const bytes of response.body ?? []) sizes.push((bytes as Uint8Array).length);
    expect(sizes.filter((size) => size === 3).length).toBeGreaterThan(sizes.length * 0.9);
  });

  test.each([1, 2, 3, 5, 7, 64])('P20 split after every %i bytes it is the same text', async (size) => {
    server.next(answer(TEXT, { size, usage }));
    const { text, finish } = await ask();
    expect(text).toBe(TEXT.join(''));
    expect(finish).toEqual({ type: 'finish', finishReason: 'stop', usage: { inputTokens: 12, outputTokens: 34 }, model: 'test-model-1' });
  });

  test.each(['\n', '\r\n', '\r'])('P20 lines may end in %j, with comments between, split anywhere', async (eol) => {
    server.next(answer(TEXT, { size: 3, eol, comments: true, usage }));
    expect(await ask()).toMatchObject({ text: TEXT.join(''), finish: { usage: { inputTokens: 12, outputTokens: 34 } } });
  });

  test('P20 the request asks for a stream with usage, and carries the key and the conversation', async () => {
    await ask();
    const [exchange] = server.exchanges;
    expect(exchange?.body).toEqual({ model: 'test-model', messages: [{ role: 'user', content: 'Hi' }], stream: true, stream_options: { include_usage: true } });
    expect(exchange?.request.headers.authorization).toBe(`Bearer ${KEY}`);
  });

  test.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['content_filter', 'content-filter'],
    ['tool_calls', 'stop'],
    ['eos', 'stop'],
  ])('P21 finish reason %s is %s', async (upstream, ours) => {
    server.next(answer(['a'], { finish: upstream }));
    expect((await ask()).finish).toMatchObject({ finishReason: ours });
  });

  test('P22 without a finish reason, [DONE] makes it complete', async () => {
    server.next(answer(['a'], { finish: null }));
    expect(await ask()).toMatchObject({ text: 'a', finish: { finishReason: 'stop' } });
  });

  test('P22 a last event without an empty line behind it counts', async () => {
    server.next(async (exchange) => {
      exchange.begin();
      await exchange.write(answerBody(['a'], { done: false, finish: 'length' }).trimEnd());
      exchange.response.end();
    });
    expect(await ask()).toMatchObject({ text: 'a', finish: { finishReason: 'length' } });
  });

  test('P22 an answer that is nothing but [DONE] is complete and empty', async () => {
    server.next(async (exchange) => {
      exchange.begin();
      await exchange.write(sse('[DONE]'), 5);
      exchange.response.end();
    });
    expect(await ask()).toMatchObject({ text: '', finish: { finishReason: 'stop' } });
  });

  test('P22 [DONE] without an empty line behind it counts', async () => {
    server.next(async (exchange) => {
      exchange.begin();
      await exchange.write(`${answerBody(['a'], { finish: null, done: false })}data: [DONE]`, 4);
      exchange.response.end();
    });
    expect(await ask()).toMatchObject({ text: 'a', finish: { finishReason: 'stop' } });
  });

  test('P22 with a finish reason, neither [DONE] nor a proper end is needed', async () => {
    server.next(answer(['a'], { done: false }), async (exchange) => {
      exchange.begin();
      await exchange.write(answerBody(['b'], { done: false }));
      exchange.drop();
    });
    expect(await ask()).toMatchObject({ text: 'a', finish: { finishReason: 'stop' } });
    expect(await ask()).toMatchObject({ text: 'b', finish: { finishReason: 'stop' } });
  });

  test('P22 a server that keeps the line open after the finish is not waited for, and its connection is closed', async () => {
    server.next(async (exchange) => {
      exchange.begin();
      await exchange.write(answerBody(['a'], { done: false }));
    });
    expect(await ask()).toMatchObject({ text: 'a', finish: { finishReason: 'stop' } });
    await until('the connection closed', () => server.exchanges[0]?.closedAt !== null);
  });

  test('P23 reasoning is not text, but a sign of life', async () => {
    server.next(async (exchange) => {
      exchange.begin();
      await exchange.write(sse(chunk({ role: 'assistant', content: null, reasoning_content: 'Hm' })) + sse(chunk({ reasoning: 'so' })) + answerBody(['a']));
      exchange.response.end();
    });
    const { text, events } = await ask();
    expect(text).toBe('a');
    expect(events.map((event) => event.type)).toEqual(['thinking', 'thinking', 'text', 'finish']);
  });
});

describe('continuing', () => {
  test('K21 the prefix goes back as the open start of the model\'s own message', async () => {
    server.next(answer([' world']));
    expect((await ask('Hello')).text).toBe(' world');
    expect(server.exchanges[0]?.body).toMatchObject({
      messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Hello' }],
      continue_final_message: true,
      add_generation_prompt: false,
    });
  });

  test('K22 a server that cannot continue refuses, for good', async () => {
    server.next(refuse(400, { message: 'Unrecognized request argument: continue_final_message', type: 'invalid_request_error' }));
    expect((await ask('Hello')).error).toMatchObject({ code: 'ai-refused', transient: false });
    await expectNextWorks();
  });
});

describe('failures', () => {
  const secretive = { message: `Incorrect API key provided: ${KEY}. You said: Hi`, type: 'invalid_request_error', code: 'invalid_api_key' };
  const cases: [string, Script, Partial<ProviderError>][] = [
    ['401', refuse(401, secretive), { code: 'ai-refused', transient: false }],
    ['403', refuse(403, { message: 'no' }), { code: 'ai-refused', transient: false }],
    ['400', refuse(400, { message: 'bad' }), { code: 'ai-refused', transient: false }],
    ['404 with a page', refuse(404, '<h1>Not found</h1>'), { code: 'ai-refused', transient: false }],
    ['422', refuse(422, { message: 'bad' }), { code: 'ai-refused', transient: false }],
    ['429 with Retry-After', refuse(429, { message: 'slow down', code: 'rate_limit_exceeded' }, { 'retry-after': '7' }), { code: 'ai-unavailable', transient: true, retryAfterMs: 7_000 }],
    ['429 for lack of credit', refuse(429, { message: 'pay', code: 'insufficient_quota' }), { code: 'ai-refused', transient: false }],
    ['500', refuse(500, { message: 'oops' }), { code: 'ai-unavailable', transient: true }],
    ['503 with a page', refuse(503, '<h1>Bad gateway</h1>'), { code: 'ai-unavailable', transient: true }],
    ['a page in place of a stream', refuse(200, '<h1>Welcome</h1>'), { code: 'ai-refused', transient: false }],
    ['a connection cut at once', (exchange) => exchange.drop(), { code: 'ai-unavailable', transient: true }],
    ['a connection cut in the middle', dropAfter(['a', 'b']), { code: 'ai-unavailable', transient: true }],
    ['an end without finish and [DONE]', answer(['a'], { finish: null, done: false }), { code: 'ai-unavailable', transient: true }],
    ['an end without finish and [DONE] of a text that says it', answer(['data: [DONE]\n', '\ndata: [DONE]\n\n'], { finish: null, done: false, size: 5 }), { code: 'ai-unavailable' }],
    ['an empty body', answer([], { finish: null, done: false }), { code: 'ai-unavailable' }],
    ['a stream that is not JSON', async (exchange) => {
      exchange.begin();
      await exchange.write(sse('{"choices": [{"delta": {"content": "half'));
      exchange.response.end();
    }, { code: 'ai-unavailable', transient: false }],
  ];

  test.each(cases)('P24 %s is a typed error, and the next answer works', async (_name, script, expected) => {
    server.next(script);
    const { error, finish } = await ask();
    expect(finish).toBeUndefined();
    expect(error).toMatchObject(expected);
    await expectNextWorks();
  });

  const inTheMiddle: [string, object, Partial<ProviderError>][] = [
    ['an overloaded server', { error: { message: 'x', type: 'overloaded_error' } }, { code: 'ai-unavailable', transient: true }],
    ['a server error', { error: { message: 'x', code: 'server_error' } }, { code: 'ai-unavailable', transient: true }],
    ['a status in the code', { error: { message: 'x', code: 502 } }, { code: 'ai-unavailable', transient: true }],
    ['a filter', { error: { message: 'x', code: 'content_filter' } }, { code: 'ai-refused', transient: false }],
    ['a bad request', { error: { message: 'x', type: 'invalid_request_error' } }, { code: 'ai-refused', transient: false }],
    ['an object without envelope', { object: 'error', message: 'x', type: 'BadRequestError', code: 400 }, { code: 'ai-refused', transient: false }],
  ];

  test.each(inTheMiddle)('P25 %s in the middle of the stream: the text stays, the error is typed', async (_name, body, expected) => {
    server.next(async (exchange) => {
      exchange.begin();
      await exchange.write(answerBody(['a', 'b'], { finish: null, done: false }) + sse(body));
      exchange.response.end();
    });
    const { text, error } = await ask();
    expect(text).toBe('ab');
    expect(error).toMatchObject(expected);
    await expectNextWorks();
  });

  test('P24 nobody listens at the address', async () => {
    await server.close();
    const { error } = await ask();
    expect(error).toMatchObject({ code: 'ai-unavailable', transient: true, details: { upstream: 'ECONNREFUSED' } });
  });

  test('P26 neither message nor details quote the server: no key, no conversation', async () => {
    server.next(refuse(401, secretive));
    const { error } = await ask();
    expect(error?.message).toMatch(/OPENAI_API_KEY/);
    expect(error?.message + JSON.stringify(error?.details)).not.toMatch(/secret|You said/);
    expect(error?.details).toMatchObject({ status: 401, upstreamCode: 'invalid_api_key' });
    server.next(refuse(400, { message: 'x', code: 'You said: Hi', type: 'secret'.repeat(20) }));
    expect((await ask()).error?.details).toEqual({ status: 400, upstreamCode: undefined, upstreamType: undefined });
  });
});

describe('cancelling', () => {
  test.each([
    ['before the answer began', silence, ''],
    ['in the middle', stallAfter(['a', 'b']), 'ab'],
  ])('C22 %s closes the connection at once', async (_name, script, text) => {
    server.next(script);
    const controller = new AbortController();
    const heard: Outcome = { text: '', events: [] };
    const over = ask('', controller.signal, heard);
    await until('the request and its text', () => server.exchanges.length === 1 && heard.text === text);
    controller.abort();
    await until('the connection closed', () => server.exchanges[0]?.closedAt !== null);
    expect((await over).text).toBe(text);
    await expectNextWorks();
  });
});

describe('what the session is set to', () => {
  const asked = (more: Partial<GenerateRequest>): Promise<Outcome> => ask('', undefined, undefined, more);

  test('K43 model and temperature go into the request, and only when they are set', async () => {
    server.next(answer(['a'], { model: 'another-2026' }));
    await asked({ model: 'another', temperature: 0 });
    await asked({});
    expect(server.exchanges.map(({ body }) => body)).toMatchObject([{ model: 'another', temperature: 0 }, { model: 'test-model' }]);
    expect(server.exchanges[1]?.body).not.toHaveProperty('temperature');
  });

  test('K43 a refusal that the session\'s choice may be the cause of says so, by name', async () => {
    server.next(refuse(404, { message: 'no such model' }), refuse(404, { message: 'x' }), refuse(400, { message: 'x' }), refuse(400, { message: 'x' }));
    expect((await asked({ model: 'gone' })).error).toMatchObject({ code: 'ai-refused', message: expect.stringMatching(/"gone".*settings of this chat/) });
    expect((await asked({})).error?.message).toMatch(/operator/);
    expect((await asked({ temperature: 1.5 })).error?.message).toMatch(/temperature 1\.5.*settings of this chat/);
    expect((await asked({ model: 'gone' })).error?.message).toMatch(/operator/);
  });

  test('P40 its models are those that the model server lists', async () => {
    server.next(listModels('b', 'a'));
    expect(await provider.models(new AbortController().signal)).toEqual(['b', 'a']);
    expect(server.exchanges[0]?.request).toMatchObject({ method: 'GET', url: '/v1/models' });
    server.next(refuse(401, { message: `bad key ${KEY}` }));
    await expect(provider.models(new AbortController().signal)).rejects.toMatchObject({ name: 'ProviderError', message: expect.not.stringContaining(KEY) });
  });
});

test('E27 images go beside the text of the message they came with, and nothing else of a file leaves', async () => {
  server.next(answer(['A cat.']));
  const files = [{ name: 'a.png', type: 'image/png', bytes: 4, image: 'f1' }];
  const images = [{ type: 'image/png', url: 'data:image/png;base64,iVBORw==' }];
  const messages = [{ role: 'system' as const, content: 'Be short.' }, { role: 'user' as const, content: '[Image: a.png]\n\nWhat?', said: 'What?', files, images }, { role: 'assistant' as const, content: 'Hm.' }, { role: 'user' as const, content: 'Well?' }];
  for await (const _ of provider.generate({ messages, prefix: '', signal: new AbortController().signal, sessionId: 's' }));
  expect(server.exchanges[0]?.body.messages).toEqual([
    { role: 'system', content: 'Be short.' },
    { role: 'user', content: [{ type: 'text', text: '[Image: a.png]\n\nWhat?' }, { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw==' } }] },
    { role: 'assistant', content: 'Hm.' },
    { role: 'user', content: 'Well?' },
  ]);
});
