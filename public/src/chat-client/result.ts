/** The outcome of everything that asks the server: a value, or an error with a code. Nothing here rejects. */
import type { WireError } from '../../../src/protocol/errors.ts';

/**
 * `offline`: not connected, or the connection went away before the answer. `timeout`: no answer within the limit.
 * `bad-answer`: the server answered something this client does not understand.
 */
export type LocalErrorCode = 'offline' | 'timeout' | 'bad-answer';

export interface LocalError {
  code: LocalErrorCode;
  message: string;
  /** Of these three, only a bad answer would come again. */
  retryable: boolean;
  retryAfterMs?: number;
}
export type ClientError = WireError | LocalError;

export type Result<T> = { ok: true; value: T } | { ok: false; error: ClientError };

export function succeeded<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function failed<T = never>(error: ClientError): Result<T> {
  return { ok: false, error };
}

const MESSAGES: Record<LocalErrorCode, string> = {
  offline: 'Not connected to the server.',
  timeout: 'The server did not answer in time.',
  'bad-answer': 'The server sent an answer that this page does not understand. Reload the page.',
};

export function localError(code: LocalErrorCode): LocalError {
  return { code, message: MESSAGES[code], retryable: code !== 'bad-answer' };
}

/** True when the request may have been carried out although its answer never came. */
export function isUnknownOutcome(error: ClientError): boolean {
  return error.code === 'offline' || error.code === 'timeout';
}
