/**
 * A client that does not read must not fill the server's memory. What waits for it is counted frame by frame; past
 * MAX_SOCKET_BUFFER_BYTES its connection is dropped, and it can resume with its cursor.
 * The largest frame that waits is not counted: one page of long messages may be bigger than the whole allowance, and
 * must reach a client on a slow line. So the bound is the setting plus one frame.
 */
import type { GatewayContext } from './gateway-context.ts';
import { openSessionsOf } from './rooms.ts';
import type { GatewaySocket } from './sockets.ts';

/** What a queued frame takes besides its text. */
const FRAME_OVERHEAD = 100;

export function cutWhenSlow(gateway: GatewayContext, socket: GatewaySocket): void {
  const { conn } = socket;
  const tcp = conn.request.socket;
  let queued = 0;
  let largest = 0;
  // A frame first waits in engine.io's buffer, then (after "flush") in the TCP socket's.
  conn.on('flush', () => {
    queued = 0;
  });
  conn.on('packetCreate', ({ data }: { data?: string | Buffer }) => {
    if (queued + tcp.writableLength === 0) largest = 0;
    const size = FRAME_OVERHEAD + (data === undefined ? 0 : Buffer.byteLength(data));
    queued += size;
    largest = Math.max(largest, size);
    const waiting = queued + tcp.writableLength;
    const isOver = waiting - largest > gateway.config.MAX_SOCKET_BUFFER_BYTES;
    if (isOver && !tcp.destroyed) cut(gateway, socket, waiting);
  });
}

function cut({ logger }: GatewayContext, socket: GatewaySocket, waitingBytes: number): void {
  const { userId, address } = socket.data;
  const sessions = [...openSessionsOf(socket)];
  logger.warn({ socket: socket.id, user: userId, address, sessions, waitingBytes }, 'cut a slow reader');
  // A polite close would wait behind what is not being read.
  socket.conn.request.socket.destroy();
}
