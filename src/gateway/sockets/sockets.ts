/** The socket.io server and its sockets, typed by the wire contract. */
import type { DefaultEventsMap, Server, Socket } from 'socket.io';
import type { ClientEventName, ServerEvents } from '../../protocol/wire.ts';

/** Who is at the other end. Put here by the handshake and by nothing else; no token, it may travel between nodes. */
export interface SocketData {
  userId: string;
  /** When the token ends, epoch ms. */
  expiresAt: number;
  address: string;
  connectedAt: number;
  /** When the client was heard last, epoch ms. */
  lastHeartbeat: number;
}

type ClientToServer = Record<ClientEventName, (...args: unknown[]) => void>;
type ServerToClient = { [K in keyof ServerEvents]: (payload: ServerEvents[K]) => void };

export type GatewayServer = Server<ClientToServer, ServerToClient, DefaultEventsMap, SocketData>;
export type GatewaySocket = Socket<ClientToServer, ServerToClient, DefaultEventsMap, SocketData>;
