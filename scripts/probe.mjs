// Exit 0 when the node in this container is ready: what the image's HEALTHCHECK runs. A gateway answers at PORT, any
// other node at PROBE_PORT.
import { get } from 'node:http';

const LIMIT_MS = 2_500;

const { SERVICES = '', REDIS_URL = '', PORT = '3000', PROBE_PORT = '3001' } = process.env;
const isGateway = REDIS_URL === '' || SERVICES === '' || SERVICES.split(',').some((name) => name.trim() === 'gateway');

const request = get({ host: '127.0.0.1', port: isGateway ? PORT : PROBE_PORT, path: '/ready', timeout: LIMIT_MS }, (res) => {
  process.exit(res.statusCode === 200 ? 0 : 1);
});
request.once('timeout', () => process.exit(1));
request.once('error', () => process.exit(1));
