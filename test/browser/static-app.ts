/** Serves the built app from the scripted server as a gateway does: index.html for paths without an extension. */
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import type { ScriptedServer } from '../support/scripted-server.ts';

const ROOT = join(__dirname, '../../dist/public');
const TYPES: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.png': 'image/png', '.woff2': 'font/woff2', '.json': 'application/json', '.webmanifest': 'application/manifest+json' };
/** Stricter than any server needs to be: no inline script or style, no eval. */
const POLICY = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self' ws: http://127.0.0.1:*; object-src 'none'; base-uri 'none'";

async function sendFile(path: string, response: ServerResponse): Promise<void> {
  const body = await readFile(join(ROOT, path)).catch(() => null);
  response.writeHead(body === null ? 404 : 200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream', 'content-security-policy': POLICY });
  response.end(body);
}

export function serveApp(server: ScriptedServer): void {
  server.http = (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (request.method !== 'GET' || pathname.startsWith('/api/') || pathname.startsWith('/socket.io/')) return false;
    void sendFile(extname(pathname) === '' ? 'index.html' : pathname, response);
    return true;
  };
}
