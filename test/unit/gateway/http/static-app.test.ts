import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { appFolder, serverVersion } from '../../../../src/gateway/http/app-folder.ts';
import { setSecurityHeaders, staticApp } from '../../../../src/gateway/http/static-app.ts';

/** What this test made, and alone may remove. */
let made: string;
let folder: string;
let server: Server;
beforeEach(async () => {
  // A parent called "assets" must not make everything cacheable.
  made = mkdtempSync(join(tmpdir(), 'holdfast-app-'));
  folder = join(made, 'assets', 'public');
  mkdirSync(join(folder, 'assets'), { recursive: true });
  writeFileSync(join(folder, 'index.html'), '<!doctype html>the app');
  writeFileSync(join(folder, 'assets/main-4f2a.js'), 'go()');
  writeFileSync(join(folder, 'favicon.svg'), '<svg/>');
  const app = staticApp(folder);
  server = createServer((req, res) => {
    setSecurityHeaders(res);
    app(req, res, (error) => res.writeHead(error === undefined ? 404 : 500).end('next'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  rmSync(made, { recursive: true });
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});

/** Raw: fetch would tidy the path up first. */
function get(path: string, method = 'GET'): Promise<{ status: number; cache: string | undefined; body: string; headers: NodeJS.Dict<string | string[]> }> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method }, (res) => {
      let body = '';
      res.on('data', (part) => (body += part)).on('end', () => resolve({ status: res.statusCode ?? 0, cache: res.headers['cache-control'], body, headers: res.headers }));
    });
    sent.on('error', reject).end();
  });
}

test.each(['/', '/index.html', '/c/abc123', '/deep/link?with=query', '/api-of-mine', '/%zz'])('G21 %s is the page, asked for again each time', async (path) => {
  expect(await get(path)).toMatchObject({ status: 200, body: '<!doctype html>the app', cache: 'no-cache' });
});

test('G21 files with a hash in their name are kept for good, others are not', async () => {
  expect(await get('/assets/main-4f2a.js')).toMatchObject({ status: 200, body: 'go()', cache: 'public, max-age=31536000, immutable' });
  expect(await get('/favicon.svg')).toMatchObject({ status: 200, cache: 'no-cache' });
});

test.each(['/assets/gone.js', '/api/nothing', '/api', '/../../etc/passwd.txt', '/..%2f..%2fsecret.txt'])('G21 %s is not the page', async (path) => {
  expect((await get(path)).status).toBe(404);
});

test('G21 what would change something is not the page either', async () => {
  expect((await get('/', 'POST')).status).toBe(404);
  expect(await get('/', 'HEAD')).toMatchObject({ status: 200, body: '' });
});

test('G21 no script from elsewhere, no framing, no guessing of types', async () => {
  const { headers } = await get('/');
  const policy = String(headers['content-security-policy']).split('; ');
  expect(policy).toEqual(expect.arrayContaining(["script-src 'self'", "frame-ancestors 'none'", "object-src 'none'", "connect-src 'self' ws: wss: http: https:"]));
  expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'same-origin', 'x-frame-options': 'DENY' });
});

test('G21 an app that is not built says so', async () => {
  rmSync(join(folder, 'index.html'));
  expect(await get('/')).toMatchObject({ status: 503, body: expect.stringContaining('npm run build') });
});

test('G21 app and version are found from where the code is', () => {
  expect(appFolder).toBe(join(process.cwd(), 'dist', 'public'));
  expect(serverVersion).toMatch(/^\d+\.\d+\.\d+/);
});
