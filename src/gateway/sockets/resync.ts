/** Frames from other gateways may have been lost: this node's sockets open their sessions again with their cursors. */
import type { GatewayContext } from '../gateway-context.ts';
import { openSessionsOf } from './rooms.ts';
import type { GatewayServer } from './sockets.ts';

const SHORTEST_MS = 200;

/**
 * Only this node's own sockets are told, each of its own sessions, straight and not through the adapter. They come
 * back over a time that grows with their number, so that all of them at once are no storm: RESYNC_PER_SECOND.
 */
export function resyncAll({ config, counts, logger }: GatewayContext, io: GatewayServer, reason: string): void {
  const sockets = [...io.sockets.sockets.values()];
  const withinMs = Math.max(SHORTEST_MS, Math.ceil((sockets.length / config.RESYNC_PER_SECOND) * 1_000));
  let sessions = 0;
  for (const socket of sockets) {
    for (const sessionId of openSessionsOf(socket)) {
      socket.emit('session:resync', { sessionId, reason, withinMs });
      sessions += 1;
    }
  }
  counts.resyncs += sessions;
  logger.warn({ reason, sockets: sockets.length, sessions, withinMs }, 'frames may have been lost; clients open again');
}
