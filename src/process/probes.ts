/**
 * Every node of a cluster answers /health, /ready and /metrics. A gateway does so on its own port; any other node on a
 * small server of its own, which stands before its services start and until they have stopped.
 */
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Middleware, ServiceBroker } from 'moleculer';
import type { Config } from '../config.ts';
import { listen } from '../listen.ts';
import { metricsOf } from '../metrics.ts';
import { readinessOf } from '../readiness.ts';
import type { Host } from './host.ts';
import { failStart } from './start-guard.ts';

interface Answer {
  status: number;
  type: string;
  body: string;
}
type Probe = (broker: ServiceBroker) => Promise<Answer>;

const json = (status: number, body: object): Answer => ({ status, type: 'application/json; charset=utf-8', body: JSON.stringify(body) });

const PROBES = new Map<string, Probe>([
  ['/health', async () => json(200, { ok: true })],
  ['/ready', async (broker) => {
    const readiness = await readinessOf(broker);
    return json(readiness.ready ? 200 : 503, readiness);
  }],
  ['/metrics', async (broker) => {
    const metrics = metricsOf(broker);
    return { status: 200, type: metrics.contentType, body: await metrics.text() };
  }],
]);

/** No answer lets pages of other origins read it: there are no CORS headers. */
function answer(broker: ServiceBroker): RequestListener {
  return (req, res) => {
    const probe = PROBES.get(req.url?.split('?')[0] ?? '');
    if (!probe || (req.method !== 'GET' && req.method !== 'HEAD')) return send(res, json(404, { error: { code: 'not-found' } }));
    probe(broker).then(
      (answered) => send(res, answered),
      () => send(res, json(500, { error: { code: 'internal' } })),
    );
  };
}

function send(res: ServerResponse, { status, type, body }: Answer): void {
  res.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }).end(body);
}

/** What this node runs, by its own word; a gateway among it answers the probes itself. */
function servicesOf(broker: ServiceBroker): string[] {
  return broker.services.map(({ name }) => name).filter((name) => !name.startsWith('$'));
}

export function probes(config: Config, host: Host): Middleware {
  let server: Server | undefined;
  let url = '';
  return {
    name: 'Probes',
    async starting(broker: ServiceBroker) {
      const services = servicesOf(broker);
      if (config.mode === 'embedded' || services.length === 0 || services.includes('gateway')) return;
      server = createServer(answer(broker));
      try {
        url = await listen(server, { host: config.PROBE_HOST, port: config.PROBE_PORT, hostSetting: 'PROBE_HOST', portSetting: 'PROBE_PORT' });
      } catch (error) {
        failStart(error, host);
        throw error;
      }
    },
    async started(broker: ServiceBroker) {
      if (server) broker.logger.info(`Holdfast node ${broker.nodeID} (${servicesOf(broker).join(', ')}) answers probes at ${url}`);
    },
    async stopped() {
      server?.close();
      server?.closeAllConnections();
    },
  };
}
