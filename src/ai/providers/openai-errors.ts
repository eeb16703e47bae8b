/**
 * What an OpenAI-compatible server can answer instead of a reply, in words for the reader and facts for the log.
 * The server's own message is never passed on: it may quote the conversation or part of the key.
 */
import { APIConnectionError, APIError } from 'openai';
import { ProviderError, type GenerateRequest, type ProviderErrorCode } from './provider.ts';

const REFUSED_BY_STATUS: Record<number, string> = {
  400: 'The model server rejected the request. The operator must check OPENAI_MODEL and AI_PROMPT_TOKENS.',
  401: 'The model server does not accept the key. The operator must check OPENAI_API_KEY.',
  402: 'The account at the model server has no credit left. The operator must check its billing.',
  403: 'The model server forbids this request. The operator must check what OPENAI_API_KEY may use and OPENAI_MODEL.',
  404: 'The model server does not know this model or address. The operator must check OPENAI_MODEL and OPENAI_BASE_URL.',
  413: 'The conversation is too long for the model. The operator must lower AI_PROMPT_TOKENS.',
};
const REFUSED_BY_CODE: Record<string, string> = {
  insufficient_quota: REFUSED_BY_STATUS[402] ?? '',
  context_length_exceeded: REFUSED_BY_STATUS[413] ?? '',
  content_filter: 'The model server\'s content filter refused this conversation. Say it another way.',
  content_policy_violation: 'The model server\'s content filter refused this conversation. Say it another way.',
};
const REFUSED = 'The model server reported an error and sent no more. The operator must look at its own log.';
const BUSY = 'The model server is busy. Try again in a moment.';
const BROKEN = 'The model server has a fault of its own. Try again in a moment.';
const UNREACHABLE = 'The model server could not be reached, or the connection to it broke. Try again.';
const MALFORMED = 'The model server sent something that is not a chat answer. Try again; if it stays so, the operator must check OPENAI_BASE_URL.';
const NO_STREAM = 'The model server did not answer with a stream. The operator must check OPENAI_BASE_URL (it usually ends in /v1).';

const TRANSIENT_STATUS = new Set([408, 409, 425, 429]);
const BUSY_KINDS = /rate_?limit|overload|too_many|busy|unavailable|timeout|server_?error|internal|capacity/i;

/** Any value thrown while asking the server or reading its stream. `now` in ms since the epoch, for dates in Retry-After. */
export function toProviderError(thrown: unknown, now: number): ProviderError {
  if (thrown instanceof ProviderError) return thrown;
  if (thrown instanceof SyntaxError) return new ProviderError('ai-unavailable', MALFORMED, { details: { upstream: 'malformed' } });
  if (thrown instanceof APIError && !(thrown instanceof APIConnectionError)) return fromAnswer(thrown, now);
  return new ProviderError('ai-unavailable', UNREACHABLE, { transient: true, details: { upstream: connectionCode(thrown) } });
}

/** An error object in the middle of a stream, as some servers send it without the usual envelope. */
export function fromErrorObject(body: { code?: unknown; type?: unknown }): ProviderError {
  return classify({ status: statusIn(body.code), code: body.code, type: body.type });
}

/** The server answered with another kind of document. */
export function notAStream(contentType: string): ProviderError {
  return new ProviderError('ai-refused', NO_STREAM, { details: { upstream: 'not a stream', contentType } });
}

/** What the operator set is the operator's business; what the session chose can be chosen otherwise by who reads this. */
export function inWordsOf({ model, temperature }: GenerateRequest, own: string, error: ProviderError): ProviderError {
  const { code, details, cause } = error;
  const reworded = (text: string): ProviderError => new ProviderError(code, `${text} Change it in the settings of this chat.`, { details, cause });
  if (details['status'] === 404 && model !== undefined && model !== own) return reworded(`The model server does not know the model "${model}".`);
  if (details['status'] === 400 && temperature !== undefined) return reworded(`The model server rejected the request. The model may not take the temperature ${temperature}.`);
  return error;
}

function fromAnswer(error: APIError, now: number): ProviderError {
  const status = typeof error.status === 'number' ? error.status : statusIn(error.code);
  return classify({ status, code: error.code, type: error.type, retryAfterMs: retryAfter(error.headers, now) });
}

interface Answer {
  status: number | undefined;
  code?: unknown;
  type?: unknown;
  retryAfterMs?: number | undefined;
}

function classify({ status, code, type, retryAfterMs }: Answer): ProviderError {
  const details = { status, upstreamCode: word(code), upstreamType: word(type) };
  const make = (kind: ProviderErrorCode, message: string, transient: boolean): ProviderError =>
    new ProviderError(kind, message, { transient, details, ...(retryAfterMs !== undefined && { retryAfterMs }) });

  const known = REFUSED_BY_CODE[word(code) ?? ''] ?? REFUSED_BY_CODE[word(type) ?? ''];
  if (known !== undefined) return make('ai-refused', known, false);
  if (status !== undefined && status >= 500) return make('ai-unavailable', BROKEN, true);
  if (status !== undefined && TRANSIENT_STATUS.has(status)) return make('ai-unavailable', BUSY, true);
  if (status !== undefined) return make('ai-refused', REFUSED_BY_STATUS[status] ?? REFUSED, false);
  const busy = BUSY_KINDS.test(`${word(code) ?? ''} ${word(type) ?? ''}`);
  return busy ? make('ai-unavailable', BUSY, true) : make('ai-refused', REFUSED, false);
}

/** A status that stands in the `code` of an error object. */
function statusIn(code: unknown): number | undefined {
  const value = typeof code === 'string' && /^\d{3}$/.test(code) ? Number(code) : code;
  return typeof value === 'number' && value >= 400 && value <= 599 ? value : undefined;
}

/** A code fit for the log: short and plain, so that no sentence of a conversation can hide in it. */
function word(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && /^[\w.:-]{1,64}$/.test(text) ? text : undefined;
}

/** `Retry-After` (seconds or a date) or `retry-after-ms`, in ms from now; undefined when absent or unreadable. */
export function retryAfter(headers: Headers | undefined, now: number): number | undefined {
  const inMs = Number(headers?.get('retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(inMs) && inMs >= 0) return inMs;
  const value = headers?.get('retry-after')?.trim();
  if (value === undefined || value === '') return undefined;
  const seconds = Number(value);
  const wait = Number.isNaN(seconds) ? Date.parse(value) - now : seconds * 1000;
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}

/** ECONNREFUSED and its like, wherever in the chain of causes it stands. */
function connectionCode(thrown: unknown): string {
  let error = thrown;
  while (typeof error === 'object' && error !== null) {
    if ('code' in error && typeof error.code === 'string') return error.code;
    error = 'cause' in error ? error.cause : null;
  }
  return 'connection lost';
}
