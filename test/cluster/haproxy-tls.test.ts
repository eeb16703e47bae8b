/** haproxy/haproxy-tls.cfg with a real HAProxy and a certificate made by haproxy/make-certificate.sh. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAddressOf } from '../../src/gateway/auth/address.ts';
import { describeWith } from '../support/servers/programs.ts';
import { client, makeCertificate, spread, startStage, type Stage } from './haproxy-stage.ts';

jest.setTimeout(60_000);

/** The certificate is not from an authority; that it is used is what counts here. */
const trusting = { rejectUnauthorized: false };

function get(url: string, options: RequestOptions = {}): Promise<{ status: number; headers: Record<string, unknown>; protocol: string | null }> {
  return new Promise((resolve, reject) => {
    request(url, { ...trusting, ...options }, (res) => {
      const protocol = 'getProtocol' in res.socket ? (res.socket as { getProtocol(): string | null }).getProtocol() : null;
      resolve({ status: res.resume().statusCode ?? 0, headers: res.headers, protocol });
    }).once('error', reject).end();
  });
}

describeWith(['haproxy', 'openssl'], 'haproxy-tls.cfg', () => {
  let stage: Stage;
  let https: string;
  beforeAll(async () => {
    stage = await startStage('haproxy-tls.cfg', 3, { HSTS_SECONDS: '600' });
    https = `https://127.0.0.1:${stage.tlsPort}`;
  });

  test('H15 sockets stream over wss, in equal parts', async () => {
    expect(await spread(https, 30, trusting)).toEqual({ 'gateway-1': 10, 'gateway-2': 10, 'gateway-3': 10 });
    const { socket, gateway } = await client(https, trusting);
    expect(await socket.emitWithAck('echo', 'hello')).toBe(`${gateway}: hello`);
    socket.disconnect();
  });

  test.each(['127.0.0.1', 'localhost:8080', 'chat.example', '[::1]:80'])('H16 plain requests to %s are sent to https, path and query kept', async (host) => {
    const answer = await new Promise<{ status?: number; location?: string }>((resolve, reject) => {
      import('node:http').then(({ get: plainGet }) => {
        plainGet(`${stage.url}/c/abc?x=1`, { headers: { Host: host } }, (res) => {
          resolve({ status: res.resume().statusCode, location: res.headers.location });
        }).once('error', reject);
      }, reject);
    });
    const name = host.replace(/:\d+$/, '');
    expect(answer).toEqual({ status: 308, location: `https://${name}:${stage.tlsPort}/c/abc?x=1` });
    expect(stage.gateways.flatMap(({ requests }) => requests).filter(({ url }) => url.startsWith('/c/'))).toEqual([]);
  });

  test('H16 plain websockets are not served', async () => {
    await expect(client(stage.url)).rejects.toThrow();
  });

  test('H16 only who asks whether it serves is answered without TLS: a probe need not know the certificate', async () => {
    expect((await fetch(`${stage.url}/ready`, { redirect: 'manual' })).status).toBe(200);
    for (const path of ['/', '/ready/', '/readyx', '/api/health']) expect([path, (await fetch(`${stage.url}${path}`, { redirect: 'manual' })).status]).toEqual([path, 308]);
  });

  test('H17 the gateway hears of https and of the client, and believes it from named proxies only', async () => {
    await get(`${https}/whoami`, { headers: { 'X-Forwarded-For': '10.9.9.9', 'X-Forwarded-Proto': 'http' }, localAddress: '127.0.0.77' });
    const { headers } = stage.gateways.flatMap(({ requests }) => requests).find(({ url }) => url === '/whoami')!;
    expect(headers).toMatchObject({ 'x-forwarded-for': '127.0.0.77', 'x-forwarded-proto': 'https' });
    const fromProxy = { headers, socket: { remoteAddress: '127.0.0.1' } as Socket };
    expect(createAddressOf(['127.0.0.1'])(fromProxy)).toBe('127.0.0.77');
    expect(createAddressOf(['10.0.0.1'])(fromProxy)).toBe('127.0.0.1');
  });

  test('H18 TLS 1.2 at least, and browsers are told to stay on https when asked for', async () => {
    const { protocol, headers } = await get(`${https}/`);
    expect(protocol).toMatch(/^TLSv1\.[23]$/);
    expect(headers['strict-transport-security']).toBe('max-age=600');
    await expect(get(`${https}/`, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' })).rejects.toThrow(/version|alert|EPROTO/i);
    const without = await startStage('haproxy-tls.cfg', 1);
    expect((await get(`https://127.0.0.1:${without.tlsPort}/`)).headers).not.toHaveProperty('strict-transport-security');
  });

  test('H8 figures stay inside here too', async () => {
    expect((await get(`${https}/metrics`)).status).toBe(404);
  });
});

describeWith(['openssl'], 'make-certificate.sh', () => {
  test('H18 its key can be read by its owner alone', () => {
    const dir = mkdtempSync(join(tmpdir(), 'holdfast-certificate-'));
    try {
      expect(statSync(makeCertificate(dir)).mode & 0o077).toBe(0);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
