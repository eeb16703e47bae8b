/** A socket lives no longer than its token; before that it may take a fresh one of the same user. */
import { chatError, toWireError } from '../../errors.ts';
import type { Replies } from '../../protocol/wire.ts';
import type { GatewayContext } from '../gateway-context.ts';
import type { GatewaySocket } from './sockets.ts';
import { ENDED } from '../auth/token-errors.ts';

/** setTimeout takes no more (24 days). */
const LONGEST_TIMER_MS = 2_147_483_647;

const timers = new WeakMap<GatewaySocket, () => void>();

/** Ends the socket when its token does. Called again when it took a fresh one. */
export function watchExpiry(gateway: GatewayContext, socket: GatewaySocket): void {
  timers.get(socket)?.();
  if (!socket.connected) return;
  const left = socket.data.expiresAt - gateway.clock.now();
  if (left <= 0) return end(gateway, socket);
  timers.set(socket, gateway.clock.after(Math.min(left, LONGEST_TIMER_MS), () => watchExpiry(gateway, socket)));
}

/** The socket is gone: nothing to end any more. */
export function forgetExpiry(socket: GatewaySocket): void {
  timers.get(socket)?.();
}

function end({ logger }: GatewayContext, socket: GatewaySocket): void {
  logger.info({ socket: socket.id, user: socket.data.userId }, 'token ended');
  socket.emit('server:closing', toWireError(chatError('unauthenticated', ENDED)));
  socket.disconnect(true);
}

/** Throws `unauthenticated` for a token that is not valid or is another user's. */
export async function refreshToken(gateway: GatewayContext, socket: GatewaySocket, token: string): Promise<Replies['auth:refresh']> {
  const { userId, expiresAt } = await gateway.tokens.verify(token);
  if (userId !== socket.data.userId) throw chatError('unauthenticated', 'The token belongs to another user. Connect again with it.');
  socket.data.expiresAt = expiresAt;
  watchExpiry(gateway, socket);
  return { userId, expiresAt: new Date(expiresAt).toISOString() };
}
