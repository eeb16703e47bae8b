/**
 * The gateway service: everything clients can reach. moleculer-io for sockets, moleculer-web for HTTP; both are closed
 * here and opened only for the lists in src/gateway/sockets/handlers.ts and src/gateway/http/http-routes.ts.
 */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Context, Service, ServiceBroker, ServiceMethods, ServiceSchema, ServiceSettingSchema } from 'moleculer';
import SocketIOMixin from 'moleculer-io';
import ApiGateway, { type RouteSchema } from 'moleculer-web';
import { fanOut, type FanOut } from '../src/gateway/sockets/fan-out.ts';
import { openGateway, type Gateway } from '../src/gateway/gateway.ts';
import { answerFailure, answerNothingHere } from '../src/gateway/http/http-failure.ts';
import type { GatewayServer, GatewaySocket } from '../src/gateway/sockets/sockets.ts';
import { nodeGroup, type ActionInput, type ActionResults, type EventPayload } from '../src/protocol/broker.ts';
import { paramsOf, payloadOf } from '../src/zod-validator.ts';

interface GatewayParts {
  gateway: Gateway;
  io: GatewayServer;
  server: Server;
  settings: { io?: object };
  httpHandler: RequestListener;
  addRoute(route: RouteSchema): void;
  announce(): void;
}
type GatewayThis = Service & GatewayParts;
type GatewaySchema = ServiceSchema<ServiceSettingSchema, ServiceMethods, GatewayParts>;

/** Runs before the mixins' own `started`, so that moleculer-io finds the server and its settings, and after their `stopped`. */
const preparation = {
  async started(this: GatewayThis) {
    this.gateway = await openGateway(this.broker, this.logger);
    this.server = this.gateway.createServer((req, res) => this.httpHandler(req, res));
    this.gateway.routes.forEach((route) => this.addRoute(route));
    this.settings.io = this.gateway.socketSettings();
  },
  async stopped(this: Partial<GatewayThis>) {
    await this.gateway?.unlink();
  },
};

/** moleculer-web neither listens (it would end the process when it cannot) nor has routes of its own. */
const settings = { server: false, routes: null, logRequest: null, logResponse: null, logRouteRegistration: null, $secureSettings: ['io'] };

/** Actions of the mixins that nobody needs; `rest` stays, moleculer-web calls it for each request. */
const noActions = { call: false, broadcast: false, getClients: false, listAliases: false, addRoute: false, removeRoute: false };

/** What can be asked of a gateway. */
function look<N extends 'gateway.sockets' | 'gateway.status'>(name: N, answer: (self: GatewayThis, params: ActionInput<N>) => ActionResults[N]) {
  return {
    visibility: 'public' as const,
    params: paramsOf(name),
    handler(this: GatewayThis, ctx: Context<ActionInput<N>>): ActionResults[N] { return answer(this, ctx.params); },
  };
}

/** What the owner sends to this very node's gateway. */
function frames<N extends keyof FanOut>(broker: ServiceBroker, name: N) {
  return {
    group: nodeGroup('gateway', broker.nodeID),
    params: payloadOf(name),
    handler(this: GatewayThis, ctx: Context<EventPayload<N>>): void {
      fanOut[name](this.io, ctx.params);
    },
  };
}

const methods = {
  announce(this: GatewayThis): void {
    this.logger.info(`Holdfast is ready at ${this.gateway.url}`);
  },
  /** See src/gateway/drain.ts. */
  beginDrain(this: GatewayThis, withinMs: number): void {
    this.gateway.context.drain.begin(this.io, withinMs);
  },
  // Who a socket is stands in its data, written by the handshake alone. moleculer-io would write it back from the
  // meta of each call that ends, and a slow call begun before would undo a newer login.
  socketGetMeta: (socket: GatewaySocket) => ({ userId: socket.data.userId }),
  socketSaveMeta: () => undefined,
  socketSaveUser: () => undefined,
  errorHandler(this: GatewayThis, req: IncomingMessage, res: ServerResponse, thrown: unknown): void {
    answerFailure(this.gateway.context, req, res, thrown);
  },
  sendError(this: GatewayThis, req: IncomingMessage, res: ServerResponse, thrown: unknown): void {
    answerFailure(this.gateway.context, req, res, thrown);
  },
  send404: (_req: IncomingMessage, res: ServerResponse) => answerNothingHere(res),
};

export default function gatewayService(broker: ServiceBroker): GatewaySchema {
  return {
    name: 'gateway',
    mixins: [SocketIOMixin as Partial<ServiceSchema>, ApiGateway, preparation as Partial<ServiceSchema>],
    settings,
    actions: {
      ...noActions,
      sockets: look('gateway.sockets', ({ gateway, io }, params) => gateway.views(io, params)),
      status: look('gateway.status', ({ gateway, io }) => gateway.status(io)),
    },
    events: {
      'gateway.frames': frames(broker, 'gateway.frames'),
      'gateway.alive': frames(broker, 'gateway.alive'),
      'gateway.resync': frames(broker, 'gateway.resync'),
      'gateway.sessions-changed': frames(broker, 'gateway.sessions-changed'),
      'node.draining'(this: GatewayThis, ctx: Context<{ withinMs: number }>): void {
        this.gateway.context.drain.begin(this.io, ctx.params.withinMs);
      },
      '$broker.started'(this: GatewayThis): void {
        setImmediate(() => this.announce());
      },
    },
    methods,
    async started(this: GatewayThis) {
      await this.gateway.start(this.io);
      if (this.broker.started) this.announce();
    },
    stopped(this: Partial<GatewayThis>) {
      this.gateway?.stop();
    },
  };
}
