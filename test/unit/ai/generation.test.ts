import { Generation, type GenerationLimits } from '../../../src/ai/generation.ts';
import { ProviderError } from '../../../src/ai/providers/provider.ts';
import type { RunEnd } from '../../../src/protocol/broker.ts';
import { settle, virtualClock, type VirtualClock } from '../../support/virtual-clock.ts';
import { ScriptedProvider } from './scripted-provider.ts';

interface Rig {
  clock: VirtualClock;
  provider: ScriptedProvider;
  generation: Generation;
  ends: RunEnd[];
  retries: { code: string; waitMs: number }[];
  failures: unknown[];
  said(): string;
}

function start(limits: Partial<GenerationLimits> = {}): Rig {
  const clock = virtualClock();
  const provider = new ScriptedProvider();
  const ends: RunEnd[] = [];
  const retries: Rig['retries'] = [];
  const failures: unknown[] = [];
  let text = '';
  const all = { firstTokenMs: 60_000, stallMs: 30_000, retries: 2, maxChars: 1_000_000, ...limits };
  const generation = new Generation(provider, { messages: [], prefix: '', sessionId: 's' }, all, { clock, random: () => 1 }, {
    text: (piece) => void (text += piece),
    ended: (end) => void ends.push(end),
    retrying: ({ code }, waitMs) => void retries.push({ code, waitMs }),
    failed: (thrown) => void failures.push(thrown),
  });
  generation.start();
  return { clock, provider, generation, ends, retries, failures, said: () => text };
}

const busy = (retryAfterMs?: number) => new ProviderError('ai-unavailable', 'busy', { transient: true, ...(retryAfterMs !== undefined && { retryAfterMs }) });
const failed = (code: string) => [{ outcome: 'failed', error: expect.objectContaining({ code }) }];

test('P11 without a first token in time it fails as ai-timeout and closes upstream', async () => {
  const { clock, provider, ends } = start();
  await clock.advance(59_999);
  expect(ends).toEqual([]);
  await clock.advance(1);
  expect(ends).toEqual([{ outcome: 'failed', error: { code: 'ai-timeout', message: 'The model did not begin to answer within 60 s. Try again.', retryable: true } }]);
  expect(provider.call().aborted).toBe(true);
  expect(clock.pending()).toBe(0);
});

test('P14 a reply that never ends is cut off at its limit, as length, and upstream closed', async () => {
  const { provider, ends, said, clock } = start({ maxChars: 10 });
  await settle();
  for (let n = 0; n < 5; n += 1) provider.call().text('abc ');
  await settle();
  expect(said()).toBe('abc abc ab');
  expect(ends).toMatchObject([{ outcome: 'completed', finishReason: 'length' }]);
  expect(provider.call().aborted).toBe(true);
  expect(clock.pending()).toBe(0);
});

test('P11 a stall between two tokens fails as ai-timeout; each token moves the deadline', async () => {
  const { clock, provider, ends, said } = start();
  for (let turn = 0; turn < 5; turn += 1) {
    await clock.advance(29_000);
    provider.call().text('x');
  }
  await clock.advance(29_999);
  expect(ends).toEqual([]);
  await clock.advance(2);
  expect(ends).toEqual(failed('ai-timeout'));
  expect(provider.call().aborted).toBe(true);
  expect(said()).toBe('xxxxx');
});

test('P11 the stall deadline counts from the last token even when the first-token deadline is longer', async () => {
  const { clock, provider, ends } = start({ firstTokenMs: 600_000, stallMs: 1_000 });
  await clock.advance(500_000);
  provider.call().text('x');
  await clock.advance(2_000);
  expect(ends).toEqual(failed('ai-timeout'));
});

test('P11 a model that thinks is alive, an empty piece is not a token', async () => {
  const { clock, provider, ends } = start();
  for (let turn = 0; turn < 5; turn += 1) {
    await clock.advance(29_000);
    provider.call().thinking();
  }
  expect(ends).toEqual([]);
  const other = start();
  await other.clock.advance(59_000);
  other.provider.call().text('');
  await other.clock.advance(1_000);
  expect(other.ends).toEqual(failed('ai-timeout'));
});

test('P12 a transient failure before the first token is tried again, and the answer is whole', async () => {
  const { clock, provider, ends, retries, said } = start();
  provider.call().fail(busy());
  await clock.advance(500);
  expect(provider.calls).toHaveLength(2);
  provider.call().fail(busy());
  await clock.advance(999);
  expect(provider.calls).toHaveLength(2);
  await clock.advance(1);
  provider.call().text('whole');
  provider.call().finish();
  await settle();
  expect(said()).toBe('whole');
  expect(ends).toMatchObject([{ outcome: 'completed' }]);
  expect(retries).toEqual([{ code: 'ai-unavailable', waitMs: 500 }, { code: 'ai-unavailable', waitMs: 1_000 }]);
});

test('P12 no more than AI_RETRIES times', async () => {
  const { clock, provider, ends } = start({ retries: 1 });
  provider.call().fail(busy());
  await clock.advance(500);
  provider.call().fail(busy());
  await clock.advance(60_000);
  expect(provider.calls).toHaveLength(2);
  expect(ends).toEqual(failed('ai-unavailable'));
});

test('P12 never after the first token: it would be said twice', async () => {
  const { clock, provider, ends } = start();
  provider.call().text('once');
  provider.call().fail(busy());
  await clock.advance(10_000);
  expect(provider.calls).toHaveLength(1);
  expect(ends).toMatchObject([{ outcome: 'failed', error: { code: 'ai-unavailable', retryable: true } }]);
});

test('P12 Retry-After is waited for within the first-token deadline, which goes on counting', async () => {
  const { clock, provider, ends } = start();
  provider.call().fail(busy(40_000));
  await clock.advance(39_999);
  expect(provider.calls).toHaveLength(1);
  await clock.advance(1);
  expect(provider.calls).toHaveLength(2);
  await clock.advance(20_000);
  expect(ends).toEqual(failed('ai-timeout'));
});

test('P12 a Retry-After beyond the deadline fails at once', async () => {
  const { provider, ends } = start();
  provider.call().fail(busy(90_000));
  await settle();
  expect(ends).toMatchObject([{ error: { code: 'ai-unavailable', retryAfterMs: 90_000 } }]);
});

test('P8 an end without finish, and an error of any kind, is a typed failure', async () => {
  const closed = start();
  closed.provider.call().close();
  await settle();
  expect(closed.ends).toEqual(failed('ai-unavailable'));
  const thrown = start();
  thrown.provider.call().fail(new Error('with the text of a conversation'));
  await settle();
  expect(thrown.ends).toEqual([{ outcome: 'failed', error: { code: 'ai-unavailable', message: 'The model server could not be used. Try again.', retryable: true } }]);
});

test('P8 a provider that throws before it yields its first promise is a typed failure too', async () => {
  const clock = virtualClock();
  const ends: RunEnd[] = [];
  const provider = {
    name: 'broken',
    model: 'broken',
    generate(): never {
      throw new Error('not even an iterable');
    },
  };
  const listener = { text: () => {}, ended: (end: RunEnd) => void ends.push(end), retrying: () => {}, failed: () => {} };
  new Generation(provider, { messages: [], prefix: '', sessionId: 's' }, { firstTokenMs: 1_000, stallMs: 1_000, retries: 0, maxChars: 100 }, { clock, random: Math.random }, listener).start();
  await settle();
  expect(ends).toEqual(failed('ai-unavailable'));
  expect(clock.pending()).toBe(0);
});

test('C20 after an abort the listener hears nothing, in an attempt, before its first token, or in a pause between two', async () => {
  const speaking = start();
  speaking.provider.call().text('a');
  await settle();
  speaking.generation.abort();
  speaking.provider.call().text('b');
  speaking.provider.call().fail(new Error('late'));
  await speaking.clock.advance(100_000);
  expect([speaking.said(), speaking.ends]).toEqual(['a', []]);

  const waiting = start();
  waiting.generation.abort();
  waiting.provider.call().fail(busy());
  await waiting.clock.advance(100_000);
  expect(waiting.provider.calls).toHaveLength(1);
  expect([waiting.ends, waiting.retries, waiting.failures]).toEqual([[], [], []]);

  const pausing = start();
  pausing.provider.call().fail(busy());
  await settle();
  pausing.generation.abort();
  await pausing.clock.advance(100_000);
  expect(pausing.provider.calls).toHaveLength(1);
  expect(pausing.ends).toEqual([]);
  expect(pausing.clock.pending()).toBe(0);
});
