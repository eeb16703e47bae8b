/** What load balancers, schedulers and Prometheus ask this node. */
import type { ServerResponse } from 'node:http';
import type { Middleware } from 'moleculer-web';
import { metricsOf } from '../../metrics.ts';
import { readinessOf } from '../../readiness.ts';
import { answerFailure } from './http-failure.ts';
import type { GatewayContext } from '../gateway-context.ts';
import type { ApiHandler } from './http-request.ts';

/** GET /health: this process answers. */
export const alive: ApiHandler = () => ({ status: 200, body: { ok: true } });

/** GET /ready: send clients here, or not. See src/readiness.ts; a gateway also needs some node that owns sessions. */
export function ready({ broker }: GatewayContext): ApiHandler {
  return async () => {
    const { ready: isReady, draining } = await readinessOf(broker);
    const serves = isReady && broker.registry.actions.isAvailable('session-owner.open');
    return { status: serves ? 200 : 503, body: { ready: serves, draining } };
  };
}

/** GET /metrics, for Prometheus beside this node: no CORS headers, and the balancer of a cluster does not let it through. */
export function metrics(gateway: GatewayContext): Middleware {
  return (req, res) => {
    const own = metricsOf(gateway.broker);
    own.text().then(
      (text) => sendText(res, own.contentType, text),
      (thrown: unknown) => answerFailure(gateway, req, res, thrown),
    );
  };
}

function sendText(res: ServerResponse, type: string, text: string): void {
  res.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(text);
}
