/** Listening, with a clear word when that is not possible. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StartError } from './start-error.ts';

/** The settings that say where, for the line that says what to change. */
export interface Where {
  host: string;
  port: number;
  hostSetting: string;
  portSetting: string;
}

/** Resolves with the address to open, with the real port. Throws StartError when it cannot listen there. */
export function listen(server: Server, where: Where): Promise<string> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(startError(error, where));
    server.once('error', failed);
    server.listen(where.port, where.host, () => {
      server.off('error', failed);
      resolve(urlOf(server.address() as AddressInfo));
    });
  });
}

function urlOf({ address, port }: AddressInfo): string {
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
}

function startError(error: NodeJS.ErrnoException, { host, port, hostSetting, portSetting }: Where): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new StartError(`Port ${port} on ${host} is in use. Stop the other program or set ${portSetting}.`);
    case 'EACCES':
      return new StartError(`Port ${port} on ${host} needs rights this process does not have. Set ${portSetting} to 1024 or above.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new StartError(`${host} is not an address of this machine. Set ${hostSetting} to 127.0.0.1, 0.0.0.0 or one of its own.`);
    default:
      return error;
  }
}
