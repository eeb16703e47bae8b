import { judge } from '../../../src/ai/retry.ts';
import { ProviderError } from '../../../src/ai/providers/provider.ts';

const busy = (retryAfterMs?: number) => new ProviderError('ai-unavailable', 'busy', { transient: true, ...(retryAfterMs !== undefined && { retryAfterMs }) });
const base = { attempts: 1, retries: 2, remainingMs: 60_000 };

test('P12 pauses double, between half and whole', () => {
  expect(judge({ ...base, error: busy() }, () => 0)).toEqual({ retryInMs: 250 });
  expect(judge({ ...base, error: busy() }, () => 1)).toEqual({ retryInMs: 500 });
  expect(judge({ ...base, attempts: 2, error: busy() }, () => 1)).toEqual({ retryInMs: 1_000 });
  expect(judge({ ...base, attempts: 9, retries: 9, error: busy() }, () => 1)).toEqual({ retryInMs: 8_000 });
});

test('P12 a pause is never shorter than the server asked for', () => {
  expect(judge({ ...base, error: busy(5_000) }, () => 1)).toEqual({ retryInMs: 5_000 });
});

test('P12 a pause that would outlast the first-token deadline fails at once and says when to come back', () => {
  expect(judge({ ...base, error: busy(60_000) }, () => 1)).toEqual({ fail: { code: 'ai-unavailable', message: 'busy', retryable: true, retryAfterMs: 60_000 } });
});

test('P12 no more attempts than allowed, and none for what is not transient', () => {
  expect(judge({ ...base, attempts: 3, error: busy() }, () => 1)).toMatchObject({ fail: { code: 'ai-unavailable', retryable: true } });
  expect(judge({ ...base, error: new ProviderError('ai-refused', 'no') }, () => 1)).toEqual({ fail: { code: 'ai-refused', message: 'no', retryable: false } });
});
