import { DemoProvider } from '../../../../src/ai/providers/demo.ts';
import { demoText, tokensOf } from '../../../../src/ai/providers/demo-text.ts';
import type { ProviderEvent } from '../../../../src/ai/providers/provider.ts';
import type { PromptMessage } from '../../../../src/protocol/broker.ts';
import { virtualClock, type VirtualClock } from '../../../support/virtual-clock.ts';

const asked = (content: string): PromptMessage[] => [{ role: 'user', content }];
const QUESTION = asked('How do I deploy a Redis cluster?');
const LONG = asked('Viết cho tôi một câu chuyện dài 🚀');

interface Listening {
  text: string;
  at: number[];
  finish?: ProviderEvent;
  error?: unknown;
  over: Promise<void>;
  abort: () => void;
}

function listen(provider: DemoProvider, clock: VirtualClock, messages = QUESTION, prefix = ''): Listening {
  const controller = new AbortController();
  const heard: Listening = { text: '', at: [], over: Promise.resolve(), abort: () => controller.abort() };
  const startedAt = clock.now();
  heard.over = (async () => {
    for await (const event of provider.generate({ messages, prefix, signal: controller.signal, sessionId: 's' })) {
      if (event.type === 'text') {
        heard.text += event.text;
        heard.at.push(clock.now() - startedAt);
      } else heard.finish = event;
    }
  })().catch((error: unknown) => {
    heard.error = error;
  });
  return heard;
}

function demo(tokensPerSecond = 0, tokens = 0): { provider: DemoProvider; clock: VirtualClock } {
  const clock = virtualClock();
  return { clock, provider: new DemoProvider({ tokensPerSecond, tokens, clock }) };
}

test('P30 the same conversation gets the same answer, another one another', () => {
  expect(demoText(QUESTION, 0)).toBe(demoText(structuredClone(QUESTION), 0));
  const longer: PromptMessage[] = [...QUESTION, { role: 'assistant', content: 'Well.' }, ...QUESTION];
  const texts = [QUESTION, longer, asked('How do I deploy a Redis cluster now?'), asked('Cats')].map((messages) => demoText(messages, 0));
  expect(new Set(texts).size).toBe(4);
});

test('K23 it goes on exactly after any prefix of its own text', async () => {
  const { provider, clock } = demo();
  const whole = demoText(LONG, 0);
  expect(whole).toMatch(/[\uD800-\uDBFF]|ạ|đ/u);
  for (let cut = 0; cut <= whole.length; cut += 1) {
    const prefix = whole.slice(0, cut);
    if (!prefix.isWellFormed()) continue;
    const heard = listen(provider, clock, LONG, prefix);
    await heard.over;
    expect(prefix + heard.text).toBe(whole);
    expect(heard.finish).toMatchObject({ type: 'finish', finishReason: 'stop' });
  }
});

test('K24 a prefix that is not its own is refused', async () => {
  const { provider, clock } = demo();
  for (const prefix of ['Something else', `${demoText(QUESTION, 0)} and more`]) {
    const heard = listen(provider, clock, QUESTION, prefix);
    await heard.over;
    expect(heard).toMatchObject({ text: '', error: { code: 'ai-refused', transient: false } });
  }
});

test.each([1, 20, 5_000])('P31 DEMO_TOKENS %i gives that many words, and counts them', async (tokens) => {
  const { provider, clock } = demo(0, tokens);
  const heard = listen(provider, clock, LONG);
  await heard.over;
  expect(heard.text.split(/\s+/)).toHaveLength(tokens);
  expect(heard.finish).toMatchObject({ usage: { inputTokens: 8, outputTokens: tokens } });
});

test('P31 wherever DEMO_TOKENS cuts, every code block is closed', () => {
  for (let tokens = 1; tokens <= 400; tokens += 1) {
    for (const messages of [QUESTION, LONG]) {
      const text = demoText(messages, tokens);
      expect(text.split(/\s+/)).toHaveLength(tokens);
      expect((text.match(/^```/gm) ?? []).length % 2).toBe(0);
      expect(text.match(/```/g)?.length).toBe(text.match(/^```/gm)?.length);
    }
  }
});

test('P31 by itself an answer has 80 to 200 words: heading, list and code, and the words of the question', () => {
  for (let number = 0; number < 300; number += 1) {
    const text = demoText(asked(`Explain the ${number}th lighthouse keeper's unreasonably long-winded bookkeeping`), 0);
    expect(tokensOf(text).length).toBeGreaterThanOrEqual(80);
    expect(tokensOf(text).length).toBeLessThanOrEqual(200);
    expect(text).toMatch(/^# .+\n\n/);
    expect(text).toMatch(/\n- \*\*/);
    expect(text).toMatch(/\n```(ts|bash|python)\n[^`]+\n```/);
    expect(text).toContain('lighthouse');
  }
});

test('P31 words of the question cannot break the Markdown', () => {
  const text = demoText(asked('```\n<script>alert(1)</script> | **x** [a](javascript:b) ```'), 0);
  expect(text).not.toMatch(/<script|\]\(/);
  expect((text.match(/```/g) ?? []).length).toBe(2);
});

test('P32 tokens come at DEMO_TOKENS_PER_SECOND, and a late timer does not slow the rest down', async () => {
  const { provider, clock } = demo(40, 100);
  const heard = listen(provider, clock);
  await clock.advance(0);
  expect(heard.at).toEqual([0]);
  await clock.advance(1_000);
  expect(heard.at).toHaveLength(41);
  await clock.advance(1_475);
  expect(heard.at).toEqual(Array.from({ length: 100 }, (_, index) => index * 25));
  expect(heard.finish).toBeDefined();
});

test('P32 after a long pause of the process it catches up', async () => {
  const { provider, clock } = demo(10, 50);
  const heard = listen(provider, clock);
  await clock.advance(0);
  const late = clock.now() + 2_000;
  const real = clock.now;
  clock.now = () => Math.max(real(), late);
  await clock.advance(100);
  expect(heard.at.length).toBeGreaterThanOrEqual(20);
});

test('P32 at full speed others get their turn while it speaks', async () => {
  const { provider, clock } = demo(0, 5_000);
  const heard = listen(provider, clock);
  let turns = 0;
  while (heard.finish === undefined) {
    await new Promise((resolve) => setImmediate(resolve));
    turns += 1;
  }
  expect(turns).toBeGreaterThan(50);
});

test('C23 an abort ends it at once, without a finish and without a timer left', async () => {
  const { provider, clock } = demo(1, 50);
  const heard = listen(provider, clock);
  await clock.advance(1_500);
  heard.abort();
  await heard.over;
  expect(heard.at).toHaveLength(2);
  expect(heard.finish).toBeUndefined();
  expect(clock.pending()).toBe(0);
});

test('K43 it has two models, answers as the one that was asked for, and names it; another is refused by name', async () => {
  const { provider } = demo();
  const ask = async (model: string, prefix = '') => {
    let text = prefix;
    for await (const event of provider.generate({ messages: QUESTION, prefix, signal: new AbortController().signal, sessionId: 's', model })) {
      if (event.type === 'text') text += event.text;
      if (event.type === 'finish') expect(event.model).toBe(model);
    }
    return text;
  };
  expect(await provider.models()).toEqual(['demo', 'demo-brief']);
  const [whole, brief] = [await ask('demo'), await ask('demo-brief')];
  expect(tokensOf(brief).length).toBeLessThan(tokensOf(whole).length / 2);
  expect(await ask('demo-brief', brief.slice(0, 50))).toBe(brief);
  await expect(ask('demo-huge')).rejects.toMatchObject({ code: 'ai-refused', message: expect.stringContaining('"demo-huge"') });
});

test('E23 the demo says which files arrived and how they begin, in the language of the question, and can go on from there', async () => {
  const text = { name: 'no`tes.md', type: 'text/markdown', bytes: 30, text: '# The *plan* for\n\nnext year' };
  const files = [text, { ...text, name: 'long.txt', cut: true }, { name: 'cat.png', type: 'image/png', bytes: 9, image: 'f1' }, { name: 'big.txt', type: 'text/plain', bytes: 7 }];
  const ask = (said: string) => [{ role: 'user' as const, content: `File …\n\n${said}`, said, files }];
  const answer = demoText(ask('What do you make of this?'), 0);
  expect(answer.split('\n\n').slice(0, 2)).toEqual([
    'Your files have arrived:',
    [
      '- `no tes.md` has 6 words and begins with “The plan for next year …”.',
      '- `long.txt` is long: its first 6 words reached me. It begins with “The plan for next year …”.',
      '- `cat.png` is an image of 9 bytes.',
      '- `big.txt` (7 bytes) did not fit in: I only know its name.',
    ].join('\n'),
  ]);
  expect(demoText(ask('Bạn nghĩ gì về tệp này?'), 0)).toContain('Tôi đã nhận được tệp của bạn:');
  expect(demoText(ask(''), 40)).toContain('Your files have arrived:');
  const { provider, clock } = demo();
  const heard = listen(provider, clock, ask('What do you make of this?'), answer.slice(0, 60));
  await heard.over;
  expect(answer.slice(0, 60) + heard.text).toBe(answer);
});
