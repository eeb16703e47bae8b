/**
 * Who may connect: checked before a socket exists, before any store is touched, and in an order that tells a page
 * from elsewhere nothing about tokens. A refusal reaches the client as `connect_error` with the error as its data.
 */
import type { ExtendedError } from 'socket.io';
import { chatError, toWireError } from '../../errors.ts';
import { PROTOCOL_VERSION } from '../../protocol/limits.ts';
import { handshakeSchema } from '../../protocol/wire.ts';
import type { GatewayContext } from '../gateway-context.ts';
import type { GatewaySocket } from './sockets.ts';

export function handshake(gateway: GatewayContext): (socket: GatewaySocket, next: (error?: ExtendedError) => void) => void {
  return (socket, next) => {
    admit(gateway, socket).then(
      () => next(),
      (thrown: unknown) => next(refusal(gateway, socket, thrown)),
    );
  };
}

async function admit({ drain, origins, tokens, addressOf, clock }: GatewayContext, socket: GatewaySocket): Promise<void> {
  const { headers, auth } = socket.handshake;
  if (drain.isDraining) throw chatError('unavailable', 'This node is stopping. Connect again.', 0);
  if (!origins.allows(headers)) throw chatError('forbidden-origin', 'Pages of this origin may not connect. Add it to ALLOWED_ORIGINS.');
  if ((auth.protocol ?? PROTOCOL_VERSION) !== PROTOCOL_VERSION) {
    throw chatError('unsupported-protocol', `This server speaks protocol version ${PROTOCOL_VERSION}.`);
  }
  const parsed = handshakeSchema.safeParse(auth);
  if (!parsed.success) throw chatError('unauthenticated', 'The connection has no token. Sign in, or ask for a guest token.');
  const identity = await tokens.verify(parsed.data.token);
  const now = clock.now();
  socket.data = { ...identity, address: addressOf(socket.request), connectedAt: now, lastHeartbeat: now };
}

function refusal({ refusals, addressOf, logger }: GatewayContext, socket: GatewaySocket, thrown: unknown): ExtendedError {
  const error = toWireError(thrown);
  if (error.code === 'internal') logger.error({ err: thrown, socket: socket.id }, 'handshake failed');
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  void refusals.note(error, addressOf(socket.request), 'socket', cause);
  return Object.assign(new Error(error.message), { data: error });
}
