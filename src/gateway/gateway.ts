/** One node's gateway: puts the parts together and gives the service what it needs of them. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { ServiceBroker } from 'moleculer';
import type { RouteSchema } from 'moleculer-web';
import type { FanOutLink } from '../backends/contracts.ts';
import { listen } from '../listen.ts';
import type { ActionInput, GatewayStatus, SocketView } from '../protocol/broker.ts';
import { keepWatching, tellHeads } from './sockets/accumulated-watch.ts';
import { connected } from './sockets/connection.ts';
import { createGatewayContext, type GatewayContext } from './gateway-context.ts';
import type { GatewayLogger } from './gateway-logger.ts';
import { clientHandlers } from './sockets/handlers.ts';
import { handshake } from './sockets/handshake.ts';
import { tellAfterLosses } from './sockets/head-teller.ts';
import { addGatewayMetrics } from './gateway-metrics.ts';
import { endConnectionsOf } from './http/http-server.ts';
import { httpRoutes } from './http/http-routes.ts';
import { OpenSessions } from './sockets/open-sessions.ts';
import { resyncAll } from './sockets/resync.ts';
import { openSessionsOf, sessionRoomsHere } from './sockets/rooms.ts';
import { socketHandlers } from './sockets/socket-events.ts';
import { socketOptions } from './sockets/socket-options.ts';
import type { GatewayServer } from './sockets/sockets.ts';
import { setSecurityHeaders } from './http/static-app.ts';

/** How frames travel between gateways. One node alone needs nothing: socket.io's own memory will do. */
export type Spread = Pick<FanOutLink, 'joined'> & Partial<FanOutLink>;
const ALONE: Spread = { joined: () => Promise.resolve() };

/** Connections that did not end by themselves by then are cut when the service stops. */
const STOP_WITHIN_MS = 500;

export class Gateway {
  readonly context: GatewayContext;
  readonly routes: RouteSchema[];
  readonly #spread: Spread;
  #server: Server | undefined;
  #endConnections = (_afterMs: number): void => undefined;
  #stopWatching = (): void => undefined;
  #stopTelling = (): void => undefined;
  /** Where it listens, with the real port; undefined until it does. */
  url: string | undefined;

  constructor(context: GatewayContext, spread = ALONE) {
    this.context = context;
    this.routes = httpRoutes(context);
    this.#spread = spread;
  }

  createServer(handle: RequestListener): Server {
    this.#server = createServer((req, res) => {
      setSecurityHeaders(res);
      handle(req, res);
    });
    this.#endConnections = endConnectionsOf(this.#server);
    return this.#server;
  }

  /** Settings of moleculer-io: these events and no others, its default `call` (any action by name) above all. */
  socketSettings(): object {
    const sessions = new OpenSessions(this.context, this.#spread.joined);
    return {
      options: socketOptions(this.context.config, this.#spread.adapter),
      namespaces: { '/': { middlewares: [handshake(this.context)] } },
      handlers: { '/': socketHandlers(this.context, clientHandlers(this.context, sessions)) },
    };
  }

  /** Listens. Throws StartError when it cannot. */
  async start(io: GatewayServer): Promise<void> {
    const { backends, clock, config, logger } = this.context;
    if (!this.#server) throw new Error('createServer() comes first');
    io.on('connection', (socket) => connected(this.context, socket));
    this.#spread.onInterrupted?.(() => resyncAll(this.context, io, 'frames may have been lost'));
    addGatewayMetrics(this.context, io, () => this.#spread.lost?.() ?? 0);
    this.url = await listen(this.#server, { host: config.HOST, port: config.PORT, hostSetting: 'HOST', portSetting: 'PORT' });
    this.#server.on('error', (err) => logger.error({ err }, 'http server'));
    this.#stopWatching = keepWatching(this.context, io);
    this.#stopTelling = tellAfterLosses(this.context.broker, {
      meta: (sessionId) => backends.log.meta(sessionId),
      clock,
      rooms: () => sessionRoomsHere(io, ['delta', 'accumulated']),
      tell: (rooms, heads) => tellHeads(io, rooms, heads),
      warn: (err, sessions) => logger.warn({ err, sessions }, 'after a node was lost the heads of sessions could not be read; trying again'),
    });
  }

  stop(): void {
    this.#stopWatching();
    this.#stopTelling();
    this.#endConnections(STOP_WITHIN_MS);
  }

  /** After the last socket is gone: leaving a room says so to the link. */
  async unlink(): Promise<void> {
    await this.#spread.close?.();
  }

  status(io: GatewayServer): GatewayStatus {
    const users = new Set([...io.sockets.sockets.values()].map(({ data }) => data.userId));
    return { nodeId: this.context.broker.nodeID, sockets: io.sockets.sockets.size, users: users.size };
  }

  /** The sockets of this node: all, those that have one session open, those of one user. */
  views(io: GatewayServer, { sessionId, userId }: ActionInput<'gateway.sockets'>): SocketView[] {
    const views = [...io.sockets.sockets.values()].map((socket) => ({
      id: socket.id,
      userId: socket.data.userId,
      address: socket.data.address,
      connectedAt: new Date(socket.data.connectedAt).toISOString(),
      lastHeartbeat: new Date(socket.data.lastHeartbeat).toISOString(),
      sessions: [...openSessionsOf(socket)],
    }));
    return views
      .filter((view) => userId === undefined || view.userId === userId)
      .filter((view) => sessionId === undefined || view.sessions.includes(sessionId));
  }
}

/** Throws StartError for a setting that cannot be used; in a cluster it waits for the way to the other gateways. */
export async function openGateway(broker: ServiceBroker, logger: GatewayLogger): Promise<Gateway> {
  const context = await createGatewayContext(broker, logger);
  return new Gateway(context, (await context.backends.openFanOut()) ?? ALONE);
}
