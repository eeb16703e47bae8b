/** The built app in Chromium, on a server that says what the measurement tells it. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { startScriptedServer } from '../../test/support/scripted-server.ts';
import { scriptedSession, type ScriptedSession } from '../../test/support/scripted-session.ts';
import { atEnd } from '../ending.ts';

const ROOT = new URL('../../dist/public/', import.meta.url);
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };
const CHROMIUM = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => path !== undefined && existsSync(path));

export interface AppStage {
  page: Page;
  session: ScriptedSession;
}

export async function openAppStage(): Promise<AppStage> {
  const server = await startScriptedServer();
  atEnd(() => server.close());
  server.http = (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (request.method !== 'GET' || pathname.startsWith('/api/') || pathname.startsWith('/socket.io/')) return false;
    const file = fileURLToPath(new URL(extname(pathname) === '' ? 'index.html' : pathname.slice(1), ROOT));
    void readFile(file).then(
      (body) => response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(body),
      () => response.writeHead(404).end(),
    );
    return true;
  };
  const session = scriptedSession(server, 'frames000001', 'A long reply');
  server.handlers['session:open'] = (request) => session.open(request);
  const browser = await chromium.launch({ ...(CHROMIUM !== undefined && { executablePath: CHROMIUM }), args: ['--no-sandbox', '--disable-gpu'] });
  atEnd(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1280, height: 820 } });
  await page.goto(`${server.url}/s/${session.id}?debug`);
  await page.locator('[data-testid=badge][data-state=online]').waitFor();
  return { page, session };
}
