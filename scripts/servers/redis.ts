/** A Redis of our own: append-only file, no eviction, nothing from the system's configuration. */
import { connect } from 'node:net';
import { freePort, launch, localServer, type LocalServer, type ServerOptions } from './local-server.ts';

export interface RedisOptions extends ServerOptions {
  /** More options as on the command line: `['--appendfsync', 'always']`. */
  args?: string[];
}

export async function startRedis({ dir, port, args = [] }: RedisOptions): Promise<LocalServer> {
  const at = port ?? (await freePort());
  const launched = await launch({
    command: 'redis-server',
    args: ['--port', String(at), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'yes', '--maxmemory-policy', 'noeviction', ...args],
    dir,
    logName: 'redis.log',
    ready: () => answersPing(at),
  });
  return localServer(launched, { url: `redis://127.0.0.1:${at}`, port: at, dir });
}

/** False while it loads its data, too. */
function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const answer = (ok: boolean): void => {
      socket.destroy();
      resolve(ok);
    };
    socket.once('data', (data) => answer(data.toString().startsWith('+PONG')));
    socket.once('error', () => answer(false));
    socket.setTimeout(1_000, () => answer(false));
  });
}
