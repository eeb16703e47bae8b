/** Which web pages may use this server. The browser names the page in the Origin header; other programs send none. */
import type { IncomingHttpHeaders } from 'node:http';

export interface Origins {
  /** No Origin header, the server's own page, or one of ALLOWED_ORIGINS. */
  allows(headers: IncomingHttpHeaders): boolean;
  /** The value of Access-Control-Allow-Origin for this request; undefined when none is due. */
  corsFor(headers: IncomingHttpHeaders): string | undefined;
}

function normal(origin: string): string {
  return origin.toLowerCase().replace(/\/+$/, '');
}

/** Same host and port as the request was sent to. The scheme may differ: a proxy in front may end TLS. */
function isOwnPage(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false;
  const page = new URL(origin);
  const own = `${page.protocol}//${host}`;
  return page.host !== '' && URL.canParse(own) && page.host === new URL(own).host;
}

export function createOrigins(allowed: readonly string[]): Origins {
  const any = allowed.includes('*');
  const known = new Set(allowed.map(normal));
  const isListed = (origin: string): boolean => any || known.has(normal(origin));
  return {
    allows: ({ origin, host }) => origin === undefined || isListed(origin) || isOwnPage(origin, host),
    corsFor: ({ origin }) => (origin !== undefined && isListed(origin) ? origin : undefined),
  };
}
