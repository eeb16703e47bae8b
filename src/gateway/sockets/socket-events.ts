/**
 * The one way from a client's event to a handler: rate, known names, fields, then the handler, then always exactly one
 * acknowledgement. A client that asks for no acknowledgement gets none, and can do no harm by that.
 */
import type { z } from 'zod';
import { chatError, isUnexpected, toWireError } from '../../errors.ts';
import { clientEvents, describeIssues, type ClientEventName, type Replies } from '../../protocol/wire.ts';
import type { WireError } from '../../protocol/errors.ts';
import type { GatewayContext } from '../gateway-context.ts';
import { FrameRate } from '../rates.ts';
import type { GatewaySocket } from './sockets.ts';

export type ClientHandlers = {
  [N in ClientEventName]: (socket: GatewaySocket, fields: z.output<(typeof clientEvents)[N]>) => Promise<Replies[N]>;
};
/** The same table, in the form that keeps name and fields together for the compiler. */
const schemas: { [N in ClientEventName]: z.ZodType<z.output<(typeof clientEvents)[N]>> } = clientEvents;
/** As moleculer-io takes it: `this` is the socket. */
type SocketHandler = (this: GatewaySocket, ...args: unknown[]) => Promise<void>;

/** All that a client can reach, by name. */
export function socketHandlers(gateway: GatewayContext, handlers: ClientHandlers): Record<string, SocketHandler> {
  const names = Object.keys(clientEvents) as ClientEventName[];
  return Object.fromEntries(names.map((name) => [name, wrap(gateway, name, handlers[name])]));
}

function wrap<N extends ClientEventName>(gateway: GatewayContext, name: N, handle: ClientHandlers[N]): SocketHandler {
  return async function answered(...args) {
    const { fields, ack } = readArguments(args);
    try {
      ack({ ok: true, ...(await handle(this, parseFields(schemas[name], fields))) });
    } catch (thrown) {
      if (isUnexpected(thrown)) gateway.logger.error({ err: thrown, event: name, socket: this.id, user: this.data.userId }, 'event failed');
      ack(refused(toWireError(thrown)));
    }
  };
}

/** Parsed fields. Throws `too-large` for a text over its limit, else `invalid` naming the field. */
export function parseFields<S extends z.ZodType>(schema: S, fields: unknown): z.output<S> {
  const parsed = schema.safeParse(fields ?? {});
  if (parsed.success) return parsed.data;
  const isText = (path: PropertyKey[]): boolean => path[0] === 'content' || path[0] === 'message';
  const isTooLong = parsed.error.issues.some(({ code, path }) => code === 'too_big' && isText(path));
  throw chatError(isTooLong ? 'too-large' : 'invalid', describeIssues(parsed.error));
}

type Ack = (answer: object) => void;

/** A client may leave out the fields, the acknowledgement or both. */
function readArguments(args: unknown[]): { fields: unknown; ack: Ack } {
  const last = args.at(-1);
  const ack = typeof last === 'function' ? (last as Ack) : () => undefined;
  return { fields: typeof args[0] === 'function' ? undefined : args[0], ack };
}

function refused(error: WireError): object {
  return { ok: false, error };
}

/** Before any handler: frames over the rate and events of other names are answered here and go no further. */
export function guardFrames(gateway: GatewayContext, socket: GatewaySocket): void {
  const rate = new FrameRate(gateway.config.RATE_FRAMES, gateway.clock);
  socket.use(([event, ...args], next) => {
    const { waitMs, isFlood, isFirstRefusal } = rate.take();
    if (isFirstRefusal) gateway.logger.warn({ socket: socket.id, user: socket.data.userId }, 'frames over the rate');
    if (isFlood) return cutFlood(gateway, socket);
    const { ack } = readArguments(args);
    if (waitMs > 0) return ack(refused(toWireError(chatError('rate-limited', 'Too many frames. Slow down.', waitMs))));
    if (!Object.hasOwn(clientEvents, event)) return ack(refused(toWireError(chatError('invalid', `unknown event "${String(event).slice(0, 50)}"`))));
    next();
  });
}

function cutFlood({ counts, logger }: GatewayContext, socket: GatewaySocket): void {
  if (!socket.connected) return;
  counts.floodsCut += 1;
  logger.warn({ socket: socket.id, user: socket.data.userId, address: socket.data.address }, 'cut a socket that floods');
  socket.emit('server:closing', toWireError(chatError('rate-limited', 'Too many frames. Connect again and slow down.', 1_000)));
  socket.disconnect(true);
}
