/** POST /api/auth/guest: a new guest, or a fresh token for one whose token is valid or ended not long ago. */
import { chatError, fromWireError } from '../../errors.ts';
import { wireError } from '../../protocol/errors.ts';
import { limitKey } from '../auth/address.ts';
import type { GatewayContext } from '../gateway-context.ts';
import { bearerOf, type ApiHandler } from './http-request.ts';
import { takeQuota } from '../send-quota.ts';

/** Renewals come in a swarm when many people behind one address wake up; they make no new users. */
const RENEWALS_PER_NEW = 20;

export function guestToken(gateway: GatewayContext): ApiHandler {
  const { config, tokens, addressOf, refusals } = gateway;
  return async ({ raw }) => {
    if (!config.AUTH_GUESTS) throw chatError('unauthenticated', 'Guests are not allowed here. Sign in.');
    const bearer = bearerOf(raw);
    const known = bearer === undefined ? undefined : await tokens.refreshable(bearer);
    const factor = known === undefined ? 1 : RENEWALS_PER_NEW;
    const address = addressOf(raw);
    const key = `guest-${known === undefined ? 'new' : 'renewed'}:${limitKey(address)}`;
    const waitMs = await takeQuota(gateway, key, config.RATE_GUEST_TOKENS * factor, config.RATE_GUEST_WINDOW_MS);
    if (waitMs > 0) {
      const error = wireError('rate-limited', 'Too many guest tokens for this address. Wait a moment.', waitMs);
      void refusals.note(error, address, 'http');
      throw fromWireError(error);
    }
    const { token, userId, expiresAt } = await tokens.issueGuest(known);
    return { status: 200, body: { token, userId, expiresAt: new Date(expiresAt).toISOString() } };
  };
}
