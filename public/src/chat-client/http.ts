/** JSON over HTTP with a time limit and a typed result. */
import { isErrorCode, wireError } from '../../../src/protocol/errors.ts';
import type { Environment } from './environment.ts';
import { failed, localError, succeeded, type ClientError, type Result } from './result.ts';

export interface HttpOptions {
  method?: 'GET' | 'POST';
  token?: string;
  limitMs?: number;
}

export async function callHttp(env: Environment, url: string, options: HttpOptions = {}): Promise<Result<unknown>> {
  const controller = new AbortController();
  const stopLimit = env.clock.after(options.limitMs ?? 8_000, () => controller.abort());
  try {
    const response = await env.fetch(url, {
      method: options.method ?? 'GET',
      headers: options.token === undefined ? {} : { authorization: `Bearer ${options.token}` },
      signal: controller.signal,
    });
    return await httpResult(response);
  } catch {
    // fetch rejects without saying why on purpose; for the person it is one thing: the server was not reached.
    return failed(localError(controller.signal.aborted ? 'timeout' : 'offline'));
  } finally {
    stopLimit();
  }
}

export async function httpResult(response: Response): Promise<Result<unknown>> {
  const body: unknown = await response.json().catch(() => null);
  return response.ok ? succeeded(body) : failed(httpError(response, body));
}

function httpError(response: Response, body: unknown): ClientError {
  const { code, message, retryAfterMs } = (body as { error?: Record<string, unknown> } | null)?.error ?? {};
  const seconds = Number(response.headers.get('retry-after') ?? 'none');
  const wait = typeof retryAfterMs === 'number' ? retryAfterMs : Number.isFinite(seconds) ? seconds * 1000 : undefined;
  if (isErrorCode(code)) return wireError(code, String(message), wait);
  if (response.status === 401 || response.status === 403) return wireError('unauthenticated', 'A sign-in is needed.');
  if (response.status === 429) return wireError('rate-limited', 'Too many requests.', wait);
  return response.status >= 500 ? wireError('unavailable', 'The server is not available right now.', wait) : localError('bad-answer');
}
