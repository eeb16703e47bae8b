/**
 * Pages of other origins: those in ALLOWED_ORIGINS may read answers and send; the others may not change anything.
 * (moleculer-web's own check takes part of an allowed origin for the whole, and does not know the page's own.)
 */
import type { Middleware } from 'moleculer-web';
import { chatError } from '../../errors.ts';
import type { GatewayContext } from '../gateway-context.ts';

const PREFLIGHT = {
  'Access-Control-Allow-Methods': 'GET, POST',
  'Access-Control-Allow-Headers': 'authorization, content-type',
  'Access-Control-Max-Age': '600',
};

export function cors({ origins }: GatewayContext): Middleware {
  return (req, res, next) => {
    const allowed = origins.corsFor(req.headers);
    res.setHeader('Vary', 'Origin');
    if (allowed !== undefined) {
      res.setHeader('Access-Control-Allow-Origin', allowed);
      res.setHeader('Access-Control-Expose-Headers', 'Retry-After');
    }
    const reads = req.method === 'GET' || req.method === 'HEAD';
    if (!reads && !origins.allows(req.headers)) {
      return next(chatError('forbidden-origin', 'Pages of this origin may not use this server. Add it to ALLOWED_ORIGINS.'));
    }
    if (req.method !== 'OPTIONS') return next();
    res.writeHead(204, allowed === undefined ? {} : PREFLIGHT).end();
  };
}
