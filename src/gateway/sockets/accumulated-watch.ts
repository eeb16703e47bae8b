/** While sockets here read whole texts, their sessions' owners are asked again and again to send them. */
import { every } from '../../clock.ts';
import { call } from '../../typed-call.ts';
import type { GatewayContext } from '../gateway-context.ts';
import { parseRoom } from './rooms.ts';
import type { GatewayServer } from './sockets.ts';

const MAX_IDS_PER_CALL = 500;

/** Asks twice in each ACCUMULATED_WATCH_MS, until the returned function is called. */
export function keepWatching({ broker, config, clock, logger }: GatewayContext, io: GatewayServer): () => void {
  return every(clock, () => config.ACCUMULATED_WATCH_MS / 2, async () => {
    const ids = watchedHere(io);
    try {
      for (let i = 0; i < ids.length; i += MAX_IDS_PER_CALL) {
        await call(broker, 'session-owner.watch', { sessionIds: ids.slice(i, i + MAX_IDS_PER_CALL) });
      }
    } catch (err) {
      logger.warn({ err, sessions: ids.length }, 'whole texts could not be asked for; asking again');
    }
  });
}

/** The adapter's rooms are those of this node's sockets. */
function watchedHere(io: GatewayServer): string[] {
  const ids = new Set<string>();
  for (const room of io.sockets.adapter.rooms.keys()) {
    const parsed = parseRoom(room);
    if (parsed?.mode === 'accumulated') ids.add(parsed.sessionId);
  }
  return [...ids];
}
