/** Answers of the HTTP way: JSON, and errors by the same catalogue as on sockets. */
import type { ServerResponse } from 'node:http';
import { toWireError } from '../../errors.ts';
import { ERRORS, wireError, type WireError } from '../../protocol/errors.ts';

export function sendJson(res: ServerResponse, status: number, body: object): void {
  // The client may be gone, or its answer begun before something failed.
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' });
  res.end(JSON.stringify(body));
}

/** `more`: further fields of the error, such as where to sign in. */
export function sendError(res: ServerResponse, error: WireError, more: object = {}): void {
  if (res.headersSent) return;
  if (error.retryAfterMs !== undefined) res.setHeader('Retry-After', Math.ceil(error.retryAfterMs / 1000));
  // What is left of an oversized body is not worth reading.
  if (error.code === 'too-large') res.setHeader('Connection', 'close');
  sendJson(res, ERRORS[error.code].http, { error: { ...error, ...more } });
}

/** Any failure on the HTTP way, also those of the body parser and of moleculer-web, in the product's words. */
export function toHttpError(thrown: unknown): WireError {
  const { type, code } = (thrown ?? {}) as { type?: unknown; code?: unknown };
  if (type === 'entity.too.large') return wireError('too-large', 'The request is larger than this server takes.');
  if (type === 'entity.parse.failed') return wireError('invalid', 'The body is not valid JSON.');
  if (type === 'NOT_FOUND') return wireError('not-found', 'There is nothing at this address.');
  const error = toWireError(thrown);
  const isClientsFault = typeof code === 'number' && code >= 400 && code < 500;
  return error.code === 'internal' && isClientsFault ? wireError('invalid', 'The request could not be read.') : error;
}
