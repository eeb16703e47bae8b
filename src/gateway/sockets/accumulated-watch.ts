/**
 * While sockets here read whole texts, their sessions' owners are asked again and again to send them. What is asked for is
 * lost with a log; such a socket would stay behind in silence, so each answer tells it the head, and it opens again.
 */
import { every } from '../../clock.ts';
import { call } from '../../typed-call.ts';
import type { Cursor } from '../../protocol/wire.ts';
import type { GatewayContext } from '../gateway-context.ts';
import { sessionRoomsHere } from './rooms.ts';
import type { GatewayServer } from './sockets.ts';

const MAX_IDS_PER_CALL = 500;

/** Asks twice in each ACCUMULATED_WATCH_MS, until the returned function is called. */
export function keepWatching({ broker, config, clock, logger }: GatewayContext, io: GatewayServer): () => void {
  return every(clock, () => config.ACCUMULATED_WATCH_MS / 2, async () => {
    const rooms = sessionRoomsHere(io, ['accumulated']);
    const ids = [...new Set(rooms.values())];
    try {
      for (let i = 0; i < ids.length; i += MAX_IDS_PER_CALL) {
        tellHeads(io, rooms, await call(broker, 'session-owner.watch', { sessionIds: ids.slice(i, i + MAX_IDS_PER_CALL) }));
      }
    } catch (err) {
      logger.warn({ err, sessions: ids.length }, 'whole texts could not be asked for; asking again');
    }
  });
}

export function tellHeads(io: GatewayServer, rooms: Map<string, string>, heads: Record<string, Cursor>): void {
  for (const [room, sessionId] of rooms) {
    const head = heads[sessionId];
    if (head) io.local.to(room).emit('session:alive', [sessionId, head.logId, head.seq]);
  }
}
