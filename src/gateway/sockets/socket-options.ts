/** Options of socket.io. */
import type { ServerOptions } from 'socket.io';
import type { Config } from '../../config.ts';

/** A client that opened a connection and says nothing is closed. */
const CONNECT_TIMEOUT_MS = 10_000;

/** `adapter`: how frames reach sockets of other nodes; none: there are no others. */
export function socketOptions(config: Config, adapter?: ServerOptions['adapter']): Partial<ServerOptions> {
  return {
    // Long-polling needs every request at the same node, and there is round-robin in front of us.
    transports: ['websocket'],
    serveClient: false,
    maxHttpBufferSize: config.MAX_FRAME_BYTES,
    pingInterval: config.PING_INTERVAL_MS,
    pingTimeout: config.PING_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // Costs memory for each socket, and a relay of short frames gains nothing.
    perMessageDeflate: false,
    // connectionStateRecovery stays off: clients resume from the log with their cursor.
    ...(adapter === undefined ? {} : { adapter }),
  };
}
