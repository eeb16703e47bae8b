/** One request of the HTTP way, as its handlers see it, and what wraps each of them. */
import type { IncomingMessage } from 'node:http';
import type { Middleware } from 'moleculer-web';
import { z } from 'zod';
import { chatError } from '../../errors.ts';
import { answerFailure } from './http-failure.ts';
import { sendJson } from './errors-http.ts';
import type { GatewayContext } from '../gateway-context.ts';
import type { Identity } from '../auth/tokens.ts';

export interface ApiRequest {
  raw: IncomingMessage;
  /** Parsed JSON; undefined without a body. */
  body: unknown;
  query: Record<string, unknown>;
  /** From the path. */
  params: Record<string, string>;
}
export interface ApiAnswer {
  status: number;
  body: object;
}
export type ApiHandler = (request: ApiRequest) => Promise<ApiAnswer> | ApiAnswer;

/** What moleculer-web puts on its requests (with `mergeParams: false`). */
type WebRequest = IncomingMessage & { $params?: { body?: unknown; query?: Record<string, unknown>; params?: Record<string, string> } };

export function route(gateway: GatewayContext, handle: ApiHandler): Middleware {
  return (req, res) => {
    Promise.resolve(requestOf(req))
      .then(handle)
      .then((answer) => sendJson(res, answer.status, answer.body))
      .catch((thrown: unknown) => answerFailure(gateway, req, res, thrown));
  };
}

export function requestOf(req: IncomingMessage): ApiRequest {
  const { body, query = {}, params = {} } = (req as WebRequest).$params ?? {};
  return { raw: req, body, query, params };
}

/** An integer of a query string, where numbers are text. */
export const queryInteger = z.coerce.number().pipe(z.number().int()).optional();

/** The bearer token of a request, if it has one. */
export function bearerOf(request: IncomingMessage): string | undefined {
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
}

/** Who sends this. Throws `unauthenticated`. */
export async function identify({ tokens }: GatewayContext, request: ApiRequest): Promise<Identity> {
  const token = bearerOf(request.raw);
  if (token === undefined) throw chatError('unauthenticated', 'Send "Authorization: Bearer <token>".');
  return tokens.verify(token);
}
