/** The HTTP server under both ways in: listening with a clear word when it cannot, and an end that always comes. */
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { StartError } from '../../start-error.ts';

/** Resolves with the address to open, with the real port. Throws StartError when it cannot listen there. */
export function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(startError(error, host, port));
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      resolve(urlOf(server.address() as AddressInfo));
    });
  });
}

function urlOf({ address, port }: AddressInfo): string {
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
}

function startError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new StartError(`Port ${port} on ${host} is in use. Stop the other program or set PORT.`);
    case 'EACCES':
      return new StartError(`Port ${port} on ${host} needs rights this process does not have. Set PORT to 1024 or above.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new StartError(`${host} is not an address of this machine. Set HOST to 127.0.0.1, 0.0.0.0 or one of its own.`);
    default:
      return error;
  }
}

/**
 * Ends what is still connected `afterMs` after it was called: a client that never reads, or one that keeps its
 * connection open, must not hold up the process. Returns that function.
 */
export function endConnectionsOf(server: Server): (afterMs: number) => void {
  const connections = new Set<Socket>();
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  return (afterMs) => {
    server.closeIdleConnections();
    const timer = setTimeout(() => connections.forEach((socket) => socket.destroy()), afterMs);
    server.once('close', () => clearTimeout(timer));
  };
}
