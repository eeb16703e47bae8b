/** Everything that can be reached over HTTP. moleculer-web looks at the longest paths first; nothing maps to actions by name. */
import ApiGateway, { type RouteSchema } from 'moleculer-web';
import { appFolder } from './app-folder.ts';
import { cors } from './cors.ts';
import type { GatewayContext } from '../gateway-context.ts';
import { download, upload } from '../files/http-files.ts';
import { cancel, chat, history, models, search, sessions } from './http-chat.ts';
import { guestToken } from './http-guest.ts';
import { health, publicConfig } from './http-health.ts';
import { alive, metrics, ready } from './http-probes.ts';
import { route } from './http-request.ts';
import { sharedSession } from './http-share.ts';
import { staticApp } from './static-app.ts';

/** Only aliases, all of them functions; bodies are parsed by the routes that take some. */
const CLOSED = { mappingPolicy: 'restrict', mergeParams: false, bodyParsers: false, logging: false } as const;

export function httpRoutes(gateway: GatewayContext): RouteSchema[] {
  // Whatever it calls itself: browsers of other origins are stopped by their Origin, and curl's default is a form.
  const json = ApiGateway.bodyParser.json({ limit: gateway.config.MAX_FRAME_BYTES, inflate: false, type: () => true });
  const isAlive = route(gateway, alive);
  const isReady = route(gateway, ready(gateway));
  return [
    // Before the next, which reads bodies as JSON.
    { ...CLOSED, path: '/api/files', use: [cors(gateway)], aliases: { 'POST /': route(gateway, upload(gateway)), 'GET /:id': download(gateway) } },
    {
      ...CLOSED,
      path: '/api',
      use: [cors(gateway), json],
      aliases: {
        'POST auth/guest': route(gateway, guestToken(gateway)),
        'POST chat': route(gateway, chat(gateway)),
        'POST cancel': route(gateway, cancel(gateway)),
        'GET history/:sessionId': route(gateway, history(gateway)),
        'GET sessions': route(gateway, sessions(gateway)),
        'GET models': route(gateway, models(gateway)),
        'GET search': route(gateway, search(gateway)),
        'GET shares/:shareId': sharedSession(gateway),
        'GET health': route(gateway, health(gateway)),
        'GET config': route(gateway, publicConfig(gateway)),
      },
    },
    { ...CLOSED, path: '/health', aliases: { 'GET /': isAlive, 'HEAD /': isAlive } },
    { ...CLOSED, path: '/ready', aliases: { 'GET /': isReady, 'HEAD /': isReady } },
    { ...CLOSED, path: '/metrics', aliases: { 'GET /': metrics(gateway) } },
    { ...CLOSED, path: '/', use: [staticApp(appFolder)] },
  ];
}
