/**
 * A client that does not read must not fill the server's memory. What waits for it is counted frame by frame; past
 * MAX_SOCKET_BUFFER_BYTES its connection is dropped, and it can resume with its cursor.
 */
import type { Socket as NetSocket } from 'node:net';
import type { GatewayContext } from '../gateway-context.ts';
import { openSessionsOf } from './rooms.ts';
import type { GatewaySocket } from './sockets.ts';

/** What a queued frame takes besides its text. */
export const FRAME_OVERHEAD = 100;

/**
 * Bytes that wait for one client, first in engine.io's buffer, then in the TCP socket's. The largest frame among them
 * does not count: one page of long messages may be bigger than the whole allowance, and must reach a client on a
 * slow line. So memory is bounded by the setting plus one frame.
 */
export class Backlog {
  #queued = 0;
  #largest = 0;

  /** A frame of this many bytes is queued while the TCP socket still holds `unsent`; answers all that waits, and what of it counts. */
  add(bytes: number, unsent: number): { waiting: number; counted: number } {
    if (this.#queued + unsent === 0) this.#largest = 0;
    const size = bytes + FRAME_OVERHEAD;
    this.#queued += size;
    this.#largest = Math.max(this.#largest, size);
    const waiting = this.#queued + unsent;
    return { waiting, counted: waiting - this.#largest };
  }

  /** What was queued has been handed to the TCP socket. */
  flushed(): void {
    this.#queued = 0;
  }
}

export function cutWhenSlow(gateway: GatewayContext, socket: GatewaySocket): void {
  const { conn } = socket;
  const tcp = conn.request.socket;
  const backlog = new Backlog();
  const { counts } = gateway;
  conn.on('flush', () => backlog.flushed());
  conn.on('packetCreate', ({ data }: { data?: string | Buffer }) => {
    const bytes = data === undefined ? 0 : Buffer.byteLength(data);
    counts.framesOut += 1;
    counts.bytesOut += bytes;
    const { waiting, counted } = backlog.add(bytes, tcp.writableLength);
    if (counted > gateway.config.MAX_SOCKET_BUFFER_BYTES && !tcp.destroyed) cut(gateway, socket, tcp, waiting);
  });
}

function cut({ counts, logger }: GatewayContext, socket: GatewaySocket, tcp: NetSocket, waitingBytes: number): void {
  counts.slowReadersCut += 1;
  const { userId, address } = socket.data;
  const sessions = [...openSessionsOf(socket)];
  logger.warn({ socket: socket.id, user: userId, address, sessions, waitingBytes }, 'cut a slow reader');
  // A polite close would wait behind what is not being read.
  tcp.destroy();
}
