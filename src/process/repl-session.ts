/**
 * The REPL ends with its broker. A hot reload of shared files replaces the broker inside the same process; the old
 * REPL would stay on the terminal beside the new one, and both would read each key.
 */
import type { REPLServer } from 'node:repl';
import type { ServiceBroker } from 'moleculer';

/** Returns what ends the REPL, if one was opened by then. */
export function followRepl(broker: ServiceBroker): () => void {
  let server: REPLServer | undefined;
  const open = broker.repl.bind(broker);
  broker.repl = () => {
    server = open() as REPLServer | undefined;
    return server;
  };
  return () => {
    // Its own reaction to `exit` is to stop the broker and end the process.
    server?.removeAllListeners('exit');
    server?.close();
  };
}
