// SERVICES=ai npm run node: one node of a cluster, from the build, in this very process. Settings of .env and the
// environment; without REDIS_URL those of the cluster that `npm run cluster` started here, which then also sends
// sockets to it when it is a gateway: no file is edited, and when it stops or dies they go elsewhere.
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import './load-env.mjs';
import './build-if-needed.mjs';
import { runningCluster } from './cluster/joining.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const { env } = process;

/** Below the range from which systems take ports of outgoing connections, of which this node opens some first. */
function freePort() {
  const port = 22_000 + Math.floor(Math.random() * 8_000);
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(freePort()));
    server.listen(port, env.HOST || '127.0.0.1', () => server.close(() => resolve(port)));
  });
}

// As the product reads it: unset means all.
const services = (env.SERVICES || 'gateway,session-owner,ai,history,audit').split(',').map((name) => name.trim());
const isGateway = services.includes('gateway');
if (isGateway && !env.PORT) env.PORT = String(await freePort());
if (!env.NODE_ID) env.NODE_ID = `${services[0]}-${process.pid}`;

if (!env.REDIS_URL) {
  const cluster = await runningCluster();
  if (cluster === undefined) {
    console.error('holdfast: no REDIS_URL, and no cluster runs here: set REDIS_URL, MONGO_URL and KAFKA_BROKERS, or start one with npm run cluster');
    process.exit(1);
  }
  for (const [name, value] of Object.entries(cluster.settings)) env[name] ||= value;
  env.TRUSTED_PROXIES ||= '127.0.0.1';
  const port = isGateway ? Number(env.PORT) : undefined;
  const refusal = await cluster.join({ name: env.NODE_ID, pid: process.pid, services: services.join(','), port });
  if (refusal !== undefined) {
    console.error(`holdfast: ${refusal}`);
    process.exit(1);
  }
  console.log(`${env.NODE_ID} joins the cluster at ${cluster.url}${isGateway ? `, and gets sockets at port ${env.PORT} once it is ready` : ''}`);
}

const { Runner } = createRequire(import.meta.url)('moleculer');
const [node, script, ...words] = process.argv;
await new Runner().start([node, script, '--config', 'dist/moleculer.config.js', 'dist/services/**/*.service.js', ...words]);
