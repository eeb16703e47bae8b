/** A real HAProxy with one of the project's configurations, in front of the gateways of a test's cluster. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HaproxyRuntime } from '../../scripts/cluster/haproxy-runtime.ts';
import { freePort } from '../../scripts/servers/local-server.ts';
import type { ClusterNode } from '../support/cluster-nodes.ts';
import { testHaproxy } from '../support/servers/haproxy.ts';
import { until } from '../support/until.ts';
import { configFile, makeCertificate, type ConfigName } from './haproxy-stage.ts';

const UP_LIMIT_MS = 15_000;

export interface Front {
  readonly url: string;
  /** Of `haproxy-tls.cfg` alone. */
  readonly httpsUrl: string;
  readonly runtime: HaproxyRuntime;
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Resolves once HAProxy's own checks have found every gateway. */
export async function startFront(config: ConfigName, gateways: ClusterNode[]): Promise<Front> {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-front-'));
  folders.push(dir);
  const [port, tlsPort] = [await freePort(), await freePort()];
  const socket = join(dir, 'haproxy.sock');
  const certificate: Record<string, string> = config === 'haproxy-tls.cfg' ? { CERTIFICATE: makeCertificate(dir) } : {};
  const binds = { HAPROXY_BIND: `127.0.0.1:${port}`, HAPROXY_TLS_BIND: `127.0.0.1:${tlsPort}`, HTTPS_PORT: String(tlsPort), HAPROXY_SOCKET: socket };
  await testHaproxy({ dir, port, config: { file: configFile(config) }, env: { ...binds, ...certificate } });
  const runtime = new HaproxyRuntime(socket);
  for (const { url } of gateways) await runtime.add(Number(new URL(url).port));
  await until(`HAProxy to see ${gateways.length} gateways`, async () => {
    const up = (await runtime.slots()).filter(({ status }) => status.startsWith('UP'));
    return up.length === gateways.length;
  }, UP_LIMIT_MS);
  return { url: `http://127.0.0.1:${port}`, httpsUrl: `https://127.0.0.1:${tlsPort}`, runtime };
}
