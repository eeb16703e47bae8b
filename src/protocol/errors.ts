/**
 * The one catalogue of errors. `retryable`: the same request may succeed later. `http`: status of the HTTP way.
 * `reconnect`: for a socket that is refused or closed with this code, whether connecting again can help.
 */
export const ERRORS = {
  invalid: { retryable: false, http: 400, reconnect: false },
  unauthenticated: { retryable: false, http: 401, reconnect: false },
  'forbidden-origin': { retryable: false, http: 403, reconnect: false },
  'unsupported-protocol': { retryable: false, http: 426, reconnect: false },
  'not-found': { retryable: false, http: 404, reconnect: true },
  'session-busy': { retryable: true, http: 409, reconnect: true },
  'too-large': { retryable: false, http: 413, reconnect: true },
  'rate-limited': { retryable: true, http: 429, reconnect: true },
  unavailable: { retryable: true, http: 503, reconnect: true },
  'ai-unavailable': { retryable: true, http: 503, reconnect: true },
  'ai-refused': { retryable: false, http: 502, reconnect: true },
  'ai-timeout': { retryable: true, http: 504, reconnect: true },
  internal: { retryable: true, http: 500, reconnect: true },
} as const satisfies Record<string, ErrorTraits>;

export interface ErrorTraits {
  retryable: boolean;
  http: number;
  reconnect: boolean;
}

export type ErrorCode = keyof typeof ERRORS;

export const ERROR_CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

/** The error as it stands in acknowledgements, events and HTTP bodies. */
export interface WireError {
  code: ErrorCode;
  message: string;
  retryable: boolean;
  /** The soonest a retry makes sense, in ms from now. */
  retryAfterMs?: number;
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERRORS, value);
}

export function wireError(code: ErrorCode, message: string, retryAfterMs?: number): WireError {
  const error: WireError = { code, message, retryable: ERRORS[code].retryable };
  if (retryAfterMs !== undefined) error.retryAfterMs = Math.ceil(retryAfterMs);
  return error;
}
