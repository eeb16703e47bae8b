/** The HTTP server under both ways in ends always, whatever its clients do. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

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
