/**
 * A real HAProxy with one of the project's configurations, in front of small socket.io servers that stand in for
 * gateways: each says who it is, what it was sent, and is ready or not at will.
 */
import { execFileSync } from 'node:child_process';
import { createServer, type IncomingMessage } from 'node:http';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server } from 'socket.io';
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import { HaproxyRuntime } from '../../scripts/cluster/haproxy-runtime.ts';
import { startHaproxy } from '../../scripts/servers/haproxy.ts';
import { freePort, type LocalServer } from '../../scripts/servers/local-server.ts';
import { until } from '../support/until.ts';

export const CONFIGS = ['haproxy.cfg', 'haproxy-tls.cfg', 'haproxy-sticky.cfg'] as const;
export type ConfigName = (typeof CONFIGS)[number];
export const configFile = (name: ConfigName): string => join(__dirname, '../../haproxy', name);

export interface Gateway {
  readonly name: string;
  readonly port: number;
  slot: string;
  ready: boolean;
  /** Leaves every check without an answer, as a stopped process does. */
  hangs: boolean;
  /** Checks HAProxy made. */
  checks: number;
  readonly requests: { url: string; headers: IncomingMessage['headers'] }[];
  readonly io: Server;
  /** As SIGKILL does: every connection is cut. */
  kill(): Promise<void>;
}

const endings: (() => Promise<unknown> | void)[] = [];

afterAll(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function standIn(name: string): Promise<Gateway> {
  const requests: Gateway['requests'] = [];
  const server = createServer((req, res) => {
    if (req.url === '/ready') {
      gateway.checks += 1;
      if (gateway.hangs) return;
      res.writeHead(gateway.ready ? 200 : 503).end();
      return;
    }
    requests.push({ url: req.url ?? '', headers: req.headers });
    res.setHeader('X-Gateway', name).end(JSON.stringify({ gateway: name }));
  });
  const sockets = new Server(server, { transports: ['websocket'], serveClient: false });
  sockets.on('connection', (socket) => {
    requests.push({ url: 'socket', headers: socket.handshake.headers });
    socket.emit('gateway', name);
    socket.on('echo', (text: string, ack: (text: string) => void) => ack(`${name}: ${text}`));
  });
  const connections = new Set<IncomingMessage['socket']>();
  server.on('connection', (socket) => connections.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const kill = (): Promise<void> => new Promise((resolve) => {
    server.close(() => resolve());
    connections.forEach((socket) => socket.resetAndDestroy());
  });
  const gateway: Gateway = { name, port: (server.address() as AddressInfo).port, slot: '', ready: true, hangs: false, checks: 0, requests, io: sockets, kill };
  endings.push(() => (server.listening ? kill() : undefined));
  return gateway;
}

export interface Stage {
  readonly url: string;
  readonly port: number;
  readonly tlsPort: number;
  readonly proxy: LocalServer;
  readonly runtime: HaproxyRuntime;
  readonly gateways: Gateway[];
  /** A further gateway, in a slot of its own; not waited for. */
  add(): Promise<Gateway>;
  /** Waits until HAProxy sees exactly these up. */
  seesUp(gateways: Gateway[]): Promise<void>;
  log(): string;
}

/** A certificate for localhost, as haproxy/README.md makes it. */
export function makeCertificate(dir: string): string {
  execFileSync('sh', [join(__dirname, '../../haproxy/make-certificate.sh'), join(dir, 'tls.pem')], { stdio: 'pipe' });
  return join(dir, 'tls.pem');
}

export async function startStage(config: ConfigName, count: number, env: Record<string, string> = {}): Promise<Stage> {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-haproxy-'));
  endings.push(() => rmSync(dir, { recursive: true, force: true }));
  const [port, tlsPort] = [await freePort(), await freePort()];
  const socket = join(dir, 'haproxy.sock');
  const certificate: Record<string, string> = config === 'haproxy-tls.cfg' ? { CERTIFICATE: makeCertificate(dir) } : {};
  const binds = { HAPROXY_BIND: `127.0.0.1:${port}`, HAPROXY_TLS_BIND: `127.0.0.1:${tlsPort}`, HTTPS_PORT: String(tlsPort), HAPROXY_SOCKET: socket };
  const proxy = await startHaproxy({ dir, port, config: { file: configFile(config) }, env: { ...binds, ...certificate, ...env } });
  endings.push(() => proxy.stop());
  const runtime = new HaproxyRuntime(socket);
  const gateways: Gateway[] = [];
  const stage: Stage = {
    url: `http://127.0.0.1:${port}`,
    port,
    tlsPort,
    proxy,
    runtime,
    gateways,
    async add() {
      const gateway = await standIn(`gateway-${gateways.length + 1}`);
      gateways.push(gateway);
      gateway.slot = await runtime.add(gateway.port);
      return gateway;
    },
    async seesUp(expected) {
      const wanted = expected.map(({ slot }) => slot).sort().join();
      await until(`HAProxy sees ${wanted || 'nothing'} up`, async () => {
        const up = (await runtime.slots()).filter(({ status }) => status.startsWith('UP')).map(({ name }) => name);
        return up.sort().join() === wanted;
      }, 15_000);
    },
    log: () => readFileSync(join(dir, 'haproxy.log'), 'utf8'),
  };
  for (let number = 0; number < count; number += 1) await stage.add();
  await stage.seesUp(gateways);
  return stage;
}

/** A connected client and the gateway that has it. */
export async function client(url: string, options: Partial<ManagerOptions & SocketOptions> = {}): Promise<{ socket: Socket; gateway: string }> {
  const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false, ...options });
  endings.push(() => void socket.disconnect());
  const gateway = await new Promise<string>((resolve, reject) => {
    socket.once('gateway', resolve);
    socket.once('connect_error', reject);
  });
  return { socket, gateway };
}

/** The gateways that `count` clients, one after the other, came to. */
export async function spread(url: string, count: number, options: Partial<ManagerOptions & SocketOptions> = {}): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let number = 0; number < count; number += 1) {
    const { gateway } = await client(url, options);
    counts[gateway] = (counts[gateway] ?? 0) + 1;
  }
  return counts;
}
