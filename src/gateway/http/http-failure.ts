/** A request that failed: answered by the catalogue, logged when it is our fault or a refused login. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { wireError, type WireError } from '../../protocol/errors.ts';
import { sendError, toHttpError } from './errors-http.ts';
import type { GatewayContext } from '../gateway-context.ts';

export function answerFailure(gateway: GatewayContext, req: IncomingMessage, res: ServerResponse, thrown: unknown): void {
  const error = toHttpError(thrown);
  log(gateway, req, error, thrown);
  const signInUrl = gateway.config.AUTH_SIGN_IN_URL;
  sendError(res, error, error.code === 'unauthenticated' && signInUrl !== undefined ? { signInUrl } : {});
}

function log({ logger, refusals, addressOf }: GatewayContext, req: IncomingMessage, error: WireError, thrown: unknown): void {
  // The rest of a share's address is a secret.
  const path = req.url?.split('?')[0]?.replace(/(\/shares\/).+/, '$1…');
  if (error.code === 'internal') logger.error({ err: thrown, method: req.method, path }, 'request failed');
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  const isRefusedLogin = error.code === 'unauthenticated' || error.code === 'forbidden-origin' || cause !== undefined;
  if (isRefusedLogin) void refusals.note(error, addressOf(req), 'http', cause);
}

export function answerNothingHere(res: ServerResponse): void {
  sendError(res, wireError('not-found', 'There is nothing at this address.'));
}
