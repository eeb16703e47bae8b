/**
 * A socket.io server that does what a test tells it, on a free port of the loopback: the other end of the chat client.
 * Every client event has a handler that a test may replace; a handler that answers null never acknowledges.
 */
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from 'socket.io';
import { wireError, type ErrorCode } from '../../src/protocol/errors.ts';
import type { Ack, ClientEvent, ClientEventName, FileLimits, ServerEvents } from '../../src/protocol/wire.ts';

/** One connected client. */
export interface Peer {
  readonly id: string;
  readonly token: string;
  emit<N extends keyof ServerEvents>(name: N, payload: ServerEvents[N]): void;
  /** Closes its socket as a server does. */
  close(): void;
  /** Cuts the connection as a network does. */
  cut(): void;
}

type Answer<N extends ClientEventName> = Ack<N> | null;
export type Handlers = {
  [N in ClientEventName]: (payload: ClientEvent<N>, peer: Peer) => Answer<N> | Promise<Answer<N>>;
};
export interface SeenRequest {
  name: ClientEventName;
  payload: unknown;
  peer: Peer;
}

export interface ScriptedServer {
  readonly url: string;
  readonly peers: Peer[];
  /** Every client event so far, in order; the client's own round-trip probes are left out. */
  readonly requests: SeenRequest[];
  /** Handshakes so far, refused ones too. */
  readonly handshakes: { token: unknown; protocol: unknown }[];
  readonly handlers: Handlers;
  /** The code a handshake is refused with; undefined lets it in. */
  refuse: (token: string) => ErrorCode | undefined;
  /** Answers an HTTP request; false leaves it to the defaults. */
  http: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** What it offers; the first is the default. */
  models: string[];
  /** What it says of sharing when a client connects. */
  sharing: boolean;
  /** What it says of files; null: it takes none. */
  files: FileLimits | null;
  guests: { allowed: boolean; made: number; lifetimeS: number };
  requestsNamed<N extends ClientEventName>(name: N): ClientEvent<N>[];
  emit<N extends keyof ServerEvents>(name: N, payload: ServerEvents[N]): void;
  close(): Promise<void>;
}

export function refused(code: ErrorCode, retryAfterMs?: number): { ok: false; error: ReturnType<typeof wireError> } {
  return { ok: false, error: wireError(code, `scripted ${code}`, retryAfterMs) };
}

/** An unsigned JWT: clients read when it ends, and nothing here verifies it. */
export function fakeToken(user: string, lifetimeS = 3_600): string {
  const iat = Math.floor(Date.now() / 1000);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ sub: user, iat, exp: iat + lifetimeS, n: Math.random() })}.x`;
}

const unavailable = (): { ok: false; error: ReturnType<typeof wireError> } => refused('unavailable');

function defaultHandlers(): Handlers {
  return {
    'session:open': unavailable,
    'session:close': () => ({ ok: true }),
    'session:list': () => ({ ok: true, sessions: [], hasMore: false }),
    'session:configure': unavailable,
    'message:feedback': unavailable,
    'session:search': unavailable,
    'session:rename': unavailable,
    'session:pin': unavailable,
    'session:share': unavailable,
    'session:unshare': unavailable,
    'session:delete': () => ({ ok: true }),
    'session:history': unavailable,
    'message:send': unavailable,
    'message:cancel': unavailable,
    'message:regenerate': unavailable,
    'message:continue': unavailable,
    'message:edit': unavailable,
    'message:select': unavailable,
    'message:versions': unavailable,
    'models:list': unavailable,
    'auth:refresh': () => ({ ok: true, userId: 'user', expiresAt: new Date(Date.now() + 3_600_000).toISOString() }),
  };
}

function isProbe(name: string, payload: unknown): boolean {
  return name === 'session:close' && (payload as { sessionId?: string }).sessionId === 'round-trip';
}

function makePeer(socket: Socket): Peer {
  return {
    id: socket.id,
    token: String(socket.handshake.auth.token),
    emit: (name, payload) => void socket.emit(name, payload),
    close: () => void socket.disconnect(true),
    cut: () => socket.conn.transport.close(),
  };
}

function listen(server: ScriptedServer, socket: Socket): void {
  const peer = makePeer(socket);
  server.peers.push(peer);
  socket.on('disconnect', () => void server.peers.splice(server.peers.indexOf(peer), 1));
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  peer.emit('server:hello', { nodeId: 'scripted-node-1', userId: 'user', protocol: 1, expiresAt, sharing: server.sharing, ...(server.files && { files: server.files }) });
  const answer = async <N extends ClientEventName>(name: N, payload: ClientEvent<N>, ack: (value: unknown) => void): Promise<void> => {
    if (!isProbe(name, payload)) server.requests.push({ name, payload, peer });
    const reply = await server.handlers[name](payload, peer);
    if (reply !== null) ack(reply);
  };
  for (const name of Object.keys(server.handlers) as ClientEventName[]) {
    socket.on(name, (payload, ack) => void answer(name, payload, ack));
  }
}

function answerHttp(server: ScriptedServer, request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('access-control-allow-headers', 'authorization');
  if (server.http(request, response)) return;
  const json = (status: number, body: object): void => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  if (request.method === 'OPTIONS') return void response.writeHead(204).end();
  if (request.url === '/api/config') return json(200, { guests: server.guests.allowed, signInUrl: 'https://sign-in.example/start' });
  if (request.url === '/api/auth/guest' && request.method === 'POST') {
    if (!server.guests.allowed) return json(403, { error: wireError('unauthenticated', 'Guests are off.') });
    server.guests.made += 1;
    return json(200, { token: fakeToken(`guest-${server.guests.made}`, server.guests.lifetimeS), userId: 'user' });
  }
  json(404, { error: wireError('not-found', 'No such path.') });
}

async function closeAll(io: Server, http: HttpServer): Promise<void> {
  await io.close();
  http.closeAllConnections();
  if (http.listening) await new Promise((resolve) => http.close(resolve));
}

/** `port` 0 is a free one; a given one brings a server back under its old address. */
export async function startScriptedServer(port = 0): Promise<ScriptedServer> {
  const http = createServer((request, response) => answerHttp(server, request, response));
  const io = new Server(http, { transports: ['websocket'], serveClient: false });
  await new Promise<void>((resolve) => void http.listen(port, '127.0.0.1', resolve));
  const server: ScriptedServer = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    peers: [],
    requests: [],
    handshakes: [],
    handlers: defaultHandlers(),
    refuse: () => undefined,
    http: () => false,
    models: ['scripted-1'],
    sharing: true,
    files: null,
    guests: { allowed: true, made: 0, lifetimeS: 3_600 },
    requestsNamed: (name) => server.requests.filter((seen) => seen.name === name).map((seen) => seen.payload as ClientEvent<typeof name>),
    emit: (name, payload) => server.peers.forEach((peer) => peer.emit(name, payload)),
    close: () => closeAll(io, http),
  };
  server.handlers['models:list'] = () => ({ ok: true, default: server.models[0]!, models: server.models.map((id) => ({ id })) });
  io.use((socket, next) => {
    const { token, protocol } = socket.handshake.auth;
    server.handshakes.push({ token, protocol });
    const code = server.refuse(String(token));
    next(code === undefined ? undefined : Object.assign(new Error(`scripted ${code}`), { data: { code } }));
  });
  io.on('connection', (socket) => listen(server, socket));
  return server;
}
