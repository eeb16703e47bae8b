/** GET /api/shares/:shareId?after&limit: a shared session, for everybody who has the link. */
import type { Middleware } from 'moleculer-web';
import { chatError } from '../../errors.ts';
import { sharedQuerySchema } from '../../protocol/wire.ts';
import { call } from '../../typed-call.ts';
import { limitKey } from '../auth/address.ts';
import type { GatewayContext } from '../gateway-context.ts';
import { takeQuota } from '../send-quota.ts';
import { queryInteger, route, type ApiHandler } from './http-request.ts';

const query = sharedQuerySchema.omit({ after: true, limit: true }).extend({ after: queryInteger, limit: queryInteger });

/** Refusals too are not for search engines; sendJson keeps them out of every cache. */
export function sharedSession(gateway: GatewayContext): Middleware {
  const answer = route(gateway, read(gateway));
  return (req, res, next) => {
    res.setHeader('X-Robots-Tag', 'noindex');
    return answer(req, res, next);
  };
}

function read(gateway: GatewayContext): ApiHandler {
  const { broker, config, addressOf } = gateway;
  return async (request) => {
    const waitMs = await takeQuota(gateway, `share:${limitKey(addressOf(request.raw))}`, config.RATE_SHARE_READS, config.RATE_SHARE_WINDOW_MS);
    if (waitMs > 0) throw chatError('rate-limited', 'Too many requests from this address. Wait a moment.', waitMs);
    const fields = sharedQuerySchema.safeParse(query.safeParse({ ...request.query, ...request.params }).data);
    // One answer for all that leads nowhere.
    if (!config.SHARING || !fields.success) throw chatError('not-found', 'Nothing is shared at this address, or not any more.');
    return { status: 200, body: await call(broker, 'session-owner.shared', fields.data) };
  };
}
