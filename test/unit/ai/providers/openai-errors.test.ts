import { retryAfter, toProviderError } from '../../../../src/ai/providers/openai-errors.ts';

const NOW = Date.UTC(2026, 0, 1);

test.each([
  [{ 'retry-after': '7' }, 7_000],
  [{ 'retry-after': '0.5' }, 500],
  [{ 'retry-after': new Date(NOW + 9_000).toUTCString() }, 9_000],
  [{ 'retry-after': new Date(NOW - 9_000).toUTCString() }, 0],
  [{ 'retry-after-ms': '250', 'retry-after': '7' }, 250],
  [{ 'retry-after': 'soon' }, undefined],
  [{ 'retry-after': 'Infinity' }, undefined],
  [{}, undefined],
])('P24 %j means a pause of %s ms', (headers, expected) => {
  expect(retryAfter(new Headers(headers), NOW)).toBe(expected);
});

test('P24 what is no answer of the server is a connection that failed', () => {
  const lost = new TypeError('terminated', { cause: Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' }) });
  expect(toProviderError(lost, NOW)).toMatchObject({ code: 'ai-unavailable', transient: true, details: { upstream: 'UND_ERR_SOCKET' } });
  expect(toProviderError('what', NOW)).toMatchObject({ code: 'ai-unavailable', transient: true });
});
