/**
 * The project's own HAProxy configuration with fixed servers, the same for Holdfast and for every baseline; plus
 * http-no-delay, without which server-sent events wait up to 200 ms (websockets do not care).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startHaproxy } from '../../scripts/servers/haproxy.ts';
import { freePort, type LocalServer } from '../../scripts/servers/local-server.ts';
import { atEnd, temporaryFolder } from '../ending.ts';
import { answers, until } from '../node-process.ts';

const CONFIG = fileURLToPath(new URL('../../haproxy/haproxy.cfg', import.meta.url));
const SLOTS = /^ *\.if defined\(GATEWAYS\)$[\s\S]*?^ *\.endif$/m;

function configFor(urls: string[]): string {
  const servers = urls.map((url, n) => `    server gw${n + 1} ${new URL(url).host}`).join('\n');
  const config = readFileSync(CONFIG, 'utf8');
  if (!SLOTS.test(config)) throw new Error('haproxy/haproxy.cfg has no slots for gateways where the bench looks for them');
  return config.replace(SLOTS, `    option http-no-delay\n${servers}`);
}

/** In front of these servers; resolves once it sends requests to each of them. */
export async function startProxy(urls: string[]): Promise<LocalServer> {
  const [dir, port] = [temporaryFolder('haproxy'), await freePort()];
  const env = { HAPROXY_BIND: `127.0.0.1:${port}`, HAPROXY_SOCKET: join(dir, 'haproxy.sock') };
  const proxy = await startHaproxy({ dir, port, config: configFor(urls), env });
  atEnd(() => proxy.stop());
  await until('HAProxy to reach its servers', () => answers(`${proxy.url}/ready`));
  return proxy;
}
