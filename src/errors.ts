/**
 * The product's error inside the server. Moleculer carries `type`, `code`, `data` and `retryable` across nodes, not
 * classes: throw `chatError`, and read with `toWireError`, which knows what comes back from a remote call.
 */
import moleculer from 'moleculer';
import { ERRORS, isErrorCode, wireError, type ErrorCode, type WireError } from './protocol/errors.ts';

const { MoleculerError } = moleculer.Errors;

/** A typed error that survives the network: `type` is our code, `code` the HTTP status. */
export function chatError(code: ErrorCode, message: string, retryAfterMs?: number): Error {
  const error = new MoleculerError(message, ERRORS[code].http, code, retryAfterMs === undefined ? undefined : { retryAfterMs });
  error.retryable = ERRORS[code].retryable;
  return error;
}

export function fromWireError(error: WireError): Error {
  return chatError(error.code, error.message, error.retryAfterMs);
}

interface MoleculerLike {
  type?: unknown;
  message?: unknown;
  data?: { retryAfterMs?: unknown; message?: unknown }[] | { retryAfterMs?: unknown };
}

/** Moleculer's own failures, in the product's words. */
const MOLECULER_TYPES: Record<string, [ErrorCode, string]> = {
  SERVICE_NOT_FOUND: ['unavailable', 'The service is not available right now. Try again.'],
  SERVICE_NOT_AVAILABLE: ['unavailable', 'The service is not available right now. Try again.'],
  REQUEST_TIMEOUT: ['unavailable', 'The service did not answer in time. Try again.'],
  REQUEST_SKIPPED: ['unavailable', 'The service did not answer in time. Try again.'],
  REQUEST_REJECTED: ['unavailable', 'The service is restarting. Try again.'],
  GRACEFUL_STOP_TIMEOUT: ['unavailable', 'The service is stopping. Try again.'],
  QUEUE_FULL: ['rate-limited', 'The server is busy. Try again.'],
};

/** Any thrown value as the error a client may see. What is not ours becomes `internal`, without its text. */
export function toWireError(thrown: unknown): WireError {
  const error = (thrown ?? {}) as MoleculerLike;
  if (isErrorCode(error.type)) {
    const data = Array.isArray(error.data) ? undefined : error.data;
    const wait = typeof data?.retryAfterMs === 'number' ? data.retryAfterMs : undefined;
    return wireError(error.type, String(error.message), wait);
  }
  if (error.type === 'VALIDATION_ERROR') return wireError('invalid', validationMessage(error));
  const known = typeof error.type === 'string' ? MOLECULER_TYPES[error.type] : undefined;
  return known ? wireError(known[0], known[1]) : wireError('internal', 'Something went wrong in the server. Try again.');
}

function validationMessage(error: MoleculerLike): string {
  if (!Array.isArray(error.data)) return String(error.message);
  return error.data.map((problem) => String(problem.message)).join('; ');
}

/** True when the thrown error is the server's own fault and its stack belongs in the log. */
export function isUnexpected(thrown: unknown): boolean {
  return toWireError(thrown).code === 'internal';
}
