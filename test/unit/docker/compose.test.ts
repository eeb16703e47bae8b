/** docker-compose.yml, docker-compose.dev.yml and Dockerfile, as far as they can be checked without Docker. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { loadConfig, settings } from '../../../src/config.ts';
import { describeWith } from '../../support/servers/programs.ts';

const ROOT = join(__dirname, '../../..');
const text = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

interface ComposeService {
  image?: string;
  build?: string;
  command?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  networks?: string[] | Record<string, { ipv4_address?: string }>;
  volumes?: string[];
  healthcheck?: { test: string[] };
  deploy?: { replicas?: number; resources?: { limits?: { cpus?: string; memory?: string } } };
  depends_on?: Record<string, unknown>;
  read_only?: boolean;
  init?: boolean;
  container_name?: string;
  stop_grace_period?: string;
}
interface ComposeFile {
  services: Record<string, ComposeService>;
  networks: Record<string, { ipam?: { config: { subnet: string; ip_range: string }[] } } | null>;
  volumes: Record<string, unknown>;
}

const read = (file: string): ComposeFile => parse(text(file), { merge: true }) as ComposeFile;
const compose = read('docker-compose.yml');
const dev = read('docker-compose.dev.yml');
const services = Object.entries(compose.services);
const nodes = services.filter(([, { build }]) => build !== undefined);

function megabytes(limit: string): number {
  const [, number, unit] = /^(\d+)([MG])$/.exec(limit)!;
  return Number(number) * (unit === 'G' ? 1024 : 1);
}

describe('docker-compose.yml', () => {
  test('N60 runs every service and server, each with a health check and limits', () => {
    expect(services.map(([name]) => name).sort()).toEqual(['ai', 'audit', 'gateway', 'haproxy', 'history', 'kafka', 'mongo', 'redis']);
    for (const [name, service] of services) {
      expect([name, service.healthcheck?.test[0]]).toEqual([name, 'CMD']);
      expect([name, service.deploy?.resources?.limits]).toEqual([name, { cpus: expect.any(String), memory: expect.stringMatching(/^\d+[MG]$/) }]);
      // With a name of its own a service cannot be scaled.
      expect(service.container_name).toBeUndefined();
    }
  });

  test('N60 fits a laptop of 8 GB', () => {
    const total = services.reduce((sum, [, { deploy }]) => sum + megabytes(deploy!.resources!.limits!.memory!) * (deploy!.replicas ?? 1), 0);
    expect(total).toBeLessThanOrEqual(6 * 1024);
  });

  test('N61 one private network, and nothing but HAProxy is published, on loopback unless asked', () => {
    expect(Object.keys(compose.networks)).toEqual(['private']);
    for (const [name, { networks }] of services) expect([name, Array.isArray(networks) ? networks : Object.keys(networks ?? {})]).toEqual([name, ['private']]);
    expect(services.filter(([, { ports }]) => ports !== undefined).map(([name, { ports }]) => [name, ports])).toEqual([['haproxy', ['${PUBLISH:-127.0.0.1:8080}:8080']]]);
  });

  test('N61 gateways believe X-Forwarded-For from HAProxy\'s own address, which no other container can get', () => {
    const networks = compose.services['haproxy']!.networks as Record<string, { ipv4_address: string }>;
    const address = networks['private']!.ipv4_address;
    expect(compose.services['gateway']!.environment!['TRUSTED_PROXIES']).toBe(address);
    const { subnet, ip_range } = compose.networks['private']!.ipam!.config[0]!;
    expect(subnet.startsWith(address.replace(/\d+$/, ''))).toBe(true);
    expect(Number(address.split('.').at(-1))).toBeLessThan(Number(ip_range.split(/[./]/)[3]));
  });

  test('N62 nodes: services that exist, settings that exist and are accepted, DRAIN_MS before the kill', () => {
    const started = nodes.flatMap(([, { environment }]) => environment!['SERVICES']!.split(','));
    expect(started.sort()).toEqual(['ai', 'audit', 'gateway', 'history', 'session-owner']);
    for (const [, { environment, stop_grace_period, read_only, init }] of nodes) {
      const names = Object.keys(environment!).filter((name) => name !== 'SERVICES');
      expect(names.filter((name) => !(name in settings))).toEqual([]);
      const config = loadConfig({ ...environment, AUTH_JWT_SECRET: 'x'.repeat(32) });
      expect(config.mode).toBe('cluster');
      expect(Number.parseInt(stop_grace_period!, 10) * 1000).toBeGreaterThan(config.DRAIN_MS);
      expect({ read_only, init }).toEqual({ read_only: true, init: true });
    }
    expect([compose.services['gateway']!.deploy!.replicas, compose.services['ai']!.deploy!.replicas]).toEqual([3, 3]);
  });

  test('N62 servers are addressed by names and ports they have', () => {
    const { REDIS_URL, MONGO_URL, KAFKA_BROKERS } = compose.services['gateway']!.environment!;
    const hosts = [new URL(REDIS_URL!).hostname, new URL(MONGO_URL!).hostname, KAFKA_BROKERS!.split(':')[0]!];
    expect(hosts).toEqual(['redis', 'mongo', 'kafka']);
    expect(compose.services['kafka']!.environment!['KAFKA_ADVERTISED_LISTENERS']).toBe(`PLAINTEXT://${KAFKA_BROKERS}`);
    expect(compose.services['haproxy']!.environment!['GATEWAYS']).toBe(`gateway:${compose.services['gateway']!.environment!['PORT']}`);
  });

  test('N62 without AUTH_JWT_SECRET it says what to put where', () => {
    const value = compose.services['gateway']!.environment!['AUTH_JWT_SECRET'];
    expect(value).toMatch(/^\$\{AUTH_JWT_SECRET:\?put a line AUTH_JWT_SECRET=.* into \.env, .*openssl rand -hex 32/);
  });

  test('N62 Redis keeps everything and forgets nothing; every volume is declared', () => {
    for (const { services: all, volumes } of [compose, dev]) {
      expect(all['redis']!.command!.join(' ')).toMatch(/--appendonly yes .*--maxmemory-policy noeviction/);
      const named = Object.values(all).flatMap((service) => service.volumes ?? []).filter((volume) => !volume.startsWith('.')).map((volume) => volume.split(':')[0]);
      expect(named.sort()).toEqual(Object.keys(volumes).sort());
    }
    for (const file of ['haproxy.cfg', 'haproxy-sticky.cfg', 'haproxy-tls.cfg']) expect(existsSync(join(ROOT, 'haproxy', file))).toBe(true);
    expect(compose.services['haproxy']!.volumes).toEqual(['./haproxy/${HAPROXY_CONFIG:-haproxy.cfg}:/usr/local/etc/haproxy/haproxy.cfg:ro']);
  });
});

describe('docker-compose.dev.yml', () => {
  test('N61 is the servers alone, the same images, at ports of 127.0.0.1', () => {
    expect(Object.keys(dev.services)).toEqual(['redis', 'mongo', 'kafka']);
    for (const [name, { image, ports, healthcheck, deploy }] of Object.entries(dev.services)) {
      expect([name, image]).toEqual([name, compose.services[name]!.image]);
      expect(ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:(\d+):\1$/)]);
      expect([healthcheck, deploy]).toEqual([compose.services[name]!.healthcheck, compose.services[name]!.deploy]);
    }
  });
});

describe('docker-compose.tls.yml', () => {
  test('N62 changes HAProxy alone, with settings and files that there are, and keeps a probe that works', () => {
    const { services: changed } = read('docker-compose.tls.yml');
    expect(Object.keys(changed)).toEqual(['haproxy']);
    const { environment, volumes, ports, healthcheck } = changed['haproxy']!;
    const config = text('haproxy/haproxy-tls.cfg');
    for (const name of Object.keys(environment!)) expect(config).toContain(`\${${name}-`);
    expect(volumes).toEqual(['./haproxy/haproxy-tls.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro', `./tls.pem:${/CERTIFICATE-([^}]+)}/.exec(config)![1]!}:ro`]);
    expect(ports).toEqual([`\${HTTPS_PORT:-443}:${environment!['HAPROXY_TLS_BIND']!.split(':')[1]!}`, expect.stringMatching(/:8080$/)]);
    // Of docker-compose.yml: plain HTTP to /ready, which is answered without TLS (H16).
    expect([healthcheck, compose.services['haproxy']!.healthcheck!.test.at(-1)]).toEqual([undefined, 'http://127.0.0.1:8080/ready']);
  });
});

describeWith(['haproxy'], 'HAProxy in Docker', () => {
  test('N62 takes the configuration with the environment it gets there', () => {
    const { environment } = compose.services['haproxy']!;
    execFileSync('haproxy', ['-c', '-f', join(ROOT, 'haproxy/haproxy.cfg')], { env: { PATH: process.env['PATH'], ...environment }, stdio: 'pipe' });
  });
});

describe('Dockerfile', () => {
  const lines = text('Dockerfile').split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  const stages = lines.filter((line) => line.startsWith('FROM'));
  const last = lines.slice(lines.lastIndexOf(stages.at(-1)!));
  const dockerIgnore = text('.dockerignore').split('\n');

  test('N63 three stages; the last has only built code and packages it runs with', () => {
    expect(stages).toEqual(['FROM ${NODE} AS build', 'FROM ${NODE} AS packages', 'FROM ${NODE}']);
    expect(last.filter((line) => line.startsWith('COPY'))).toEqual([
      'COPY --from=packages /app/node_modules node_modules',
      'COPY --from=build /app/dist dist',
      'COPY package.json ./',
      'COPY scripts/*.mjs scripts/',
      'COPY scripts/cluster/*.mjs scripts/cluster/',
    ]);
    expect(lines).toContain('RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force');
  });

  test('N63 everything it copies is there and reaches the builder', () => {
    const sources = lines.filter((line) => line.startsWith('COPY') && !line.includes('--from')).flatMap((line) => line.split(/\s+/).slice(1, -1));
    expect(sources.length).toBeGreaterThan(8);
    for (const source of sources) {
      expect([source, existsSync(join(ROOT, source.replace(/[*].*$/, '')))]).toEqual([source, true]);
      expect(dockerIgnore).toContain(`!${source.split('/')[0]}`);
    }
    expect(dockerIgnore[1]).toBe('*');
  });

  test('N63 the scripts in it find the scripts they import: the REPL and the audit tools run there', () => {
    const folders = last.flatMap((line) => /^COPY (scripts\S*)\/\*\.mjs /.exec(line)?.[1] ?? []);
    const scripts = folders.flatMap((folder) => readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.mjs')).map((name) => join(folder, name)));
    expect(scripts).toEqual(expect.arrayContaining(['scripts/repl.mjs', 'scripts/audit.mjs', 'scripts/probe.mjs']));
    for (const script of scripts) {
      const imported = [...text(script).matchAll(/^(?:import|await import).*['"(](\.[^'"]+)['"]/gm)].map(([, path]) => join(dirname(script), path!));
      expect([script, imported.filter((path) => path.startsWith('scripts') && !scripts.includes(path))]).toEqual([script, []]);
    }
  });

  test('N63 what the build reads is copied before it', () => {
    const copied = lines.slice(0, lines.findIndex((line) => line.includes('npm run build'))).filter((line) => line.startsWith('COPY')).join(' ');
    const included = (JSON.parse(text('tsconfig.build.json')) as { include: string[] }).include;
    for (const source of [...included, 'public', 'scripts', 'tsconfig.json']) expect(copied).toContain(` ${source}`);
  });

  test('N63 runs as somebody without rights, probes itself, and its settings exist', () => {
    expect(last).toContain('USER node');
    expect(last.findIndex((line) => line === 'USER node')).toBeLessThan(last.findIndex((line) => line.startsWith('CMD')));
    expect(last.some((line) => line.startsWith('HEALTHCHECK') && line.endsWith('CMD ["node", "scripts/probe.mjs"]'))).toBe(true);
    const names = last.find((line) => line.startsWith('ENV'))!.slice(4).split(' ').map((pair) => pair.split('=')[0]!);
    expect(names.filter((name) => name !== 'NODE_ENV' && !(name in settings))).toEqual([]);
    const command = JSON.parse(last.find((line) => line.startsWith('CMD'))!.slice(4)) as string[];
    expect(existsSync(join(ROOT, command[1]!))).toBe(true);
    const packages = JSON.parse(text('package.json')) as { dependencies: Record<string, string> };
    expect(command[1]!.split('/')[1]! in packages.dependencies).toBe(true);
  });
});

describe('scripts/probe.mjs', () => {
  let server: Server;
  let port: string;
  let status = 200;
  beforeAll(async () => {
    server = createServer((req, res) => res.writeHead(req.url === '/ready' ? status : 404).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = String((server.address() as AddressInfo).port);
  });
  afterAll(() => void server.close());

  const probe = (env: Record<string, string>): Promise<number | null> => new Promise((resolve) => {
    spawn(process.execPath, [join(ROOT, 'scripts/probe.mjs')], { env }).once('exit', resolve);
  });

  test.each([
    ['a gateway at PORT', (at: string) => ({ REDIS_URL: 'x', SERVICES: 'gateway,session-owner', PORT: at, PROBE_PORT: '1' })],
    ['any other node at PROBE_PORT', (at: string) => ({ REDIS_URL: 'x', SERVICES: 'ai', PORT: '1', PROBE_PORT: at })],
    ['the whole product at PORT', (at: string) => ({ PORT: at, PROBE_PORT: '1' })],
  ])('N63 asks %s', async (_who, env) => {
    status = 200;
    expect(await probe(env(port))).toBe(0);
    status = 503;
    expect(await probe(env(port))).toBe(1);
    expect(await probe(env('1'))).toBe(1);
  });
});
