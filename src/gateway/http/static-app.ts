/** The built app: its files, and its page for every other address, so that a reload of a deep link works. */
import { extname, join, relative } from 'node:path';
import type { IncomingMessage, ServerResponse } from 'node:http';
import ApiGateway, { type Middleware } from 'moleculer-web';

/**
 * No script but the app's own files, no framing, no images from elsewhere (a model's answer could leak the
 * conversation in an image's address). Connections may go anywhere: the app can be pointed at another server.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "connect-src 'self' ws: wss: http: https:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const NOT_BUILT = 'Holdfast is running, but its app is not built. Run "npm run build" and load this page again.\n';
const ONE_YEAR = 'public, max-age=31536000, immutable';

/** For every answer, the API's too. */
export function setSecurityHeaders(res: ServerResponse): void {
  res.setHeader('X-Content-Type-Options', 'nosniff');
  res.setHeader('Referrer-Policy', 'same-origin');
  res.setHeader('X-Frame-Options', 'DENY');
  res.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY);
}

/** Files with a hash in their name never change; all others are asked for again. */
function cacheHeader(folder: string, res: ServerResponse, file: string): void {
  const isHashed = relative(folder, file).startsWith(join('assets', '/'));
  res.setHeader('Cache-Control', isHashed ? ONE_YEAR : 'no-cache');
}

/** Goes on to the next handler for what is neither a file nor a page's address. */
export function staticApp(folder: string): Middleware {
  const files = ApiGateway.serveStatic(folder, {
    index: 'index.html',
    redirect: false,
    cacheControl: false,
    setHeaders: (res, file) => cacheHeader(folder, res, file),
  });
  return (req, res, next) => {
    const orPage = (error?: unknown): void => {
      if (error !== undefined || !isPageAddress(req)) return next(error);
      req.url = '/index.html';
      files(req, res, () => sayNotBuilt(res));
    };
    files(req, res, orPage);
  };
}

function isPageAddress({ method, url = '/' }: IncomingMessage): boolean {
  const path = url.split('?')[0] ?? '/';
  return (method === 'GET' || method === 'HEAD') && extname(path) === '' && !/^\/api(\/|$)/.test(path);
}

function sayNotBuilt(res: ServerResponse): void {
  res.writeHead(503, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' }).end(NOT_BUILT);
}
