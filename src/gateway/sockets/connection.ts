/** The life of one socket: guarded, greeted, in its user's room, and ended with its token. */
import { PROTOCOL_VERSION } from '../../protocol/limits.ts';
import { fileLimits } from '../files/file-limits.ts';
import type { GatewayContext } from '../gateway-context.ts';
import { openSessionsOf, userRoom } from './rooms.ts';
import { cutWhenSlow } from './slow-readers.ts';
import { guardFrames } from './socket-events.ts';
import type { GatewaySocket } from './sockets.ts';
import { forgetExpiry, watchExpiry } from './token-expiry.ts';

export function connected(gateway: GatewayContext, socket: GatewaySocket): void {
  const { broker, clock, config, logger } = gateway;
  const { userId, address, expiresAt, connectedAt } = socket.data;
  const who = { socket: socket.id, user: userId };
  logger.info({ ...who, address }, 'connected');
  guardFrames(gateway, socket);
  cutWhenSlow(gateway, socket);
  forgetRequest(socket);
  void socket.join(userRoom(userId));
  // Any packet is a sign of life; a silent client's are its answers to our pings.
  socket.conn.on('packet', () => (socket.data.lastHeartbeat = clock.now()));
  // "disconnecting" still knows the rooms.
  socket.once('disconnecting', (reason) => {
    const sessions = [...openSessionsOf(socket)];
    logger.info({ ...who, reason, afterMs: clock.now() - connectedAt, sessions }, 'disconnected');
  });
  socket.once('disconnect', () => forgetExpiry(socket));
  const until = new Date(expiresAt).toISOString();
  socket.emit('server:hello', { nodeId: broker.nodeID, userId, protocol: PROTOCOL_VERSION, expiresAt: until, sharing: config.SHARING, files: fileLimits(config) });
  watchExpiry(gateway, socket);
}

/** What opened the connection, the token in it too, is of no use any more and would stay in memory as long as the socket. */
function forgetRequest({ conn, handshake }: GatewaySocket): void {
  // The library holds the request by more than this one name, so it is emptied too.
  Object.assign(conn.request, { headers: {}, rawHeaders: [], url: '' });
  Reflect.set(conn, 'request', null);
  Object.assign(handshake, { headers: {}, auth: {}, query: {}, url: '', time: '' });
}
