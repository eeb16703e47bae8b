/** An HAProxy of our own, in the foreground, with a configuration given as text or as a file. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { accepts, launch, localServer, type LocalServer, type ServerOptions } from './local-server.ts';
import { missingPrograms } from './server-cache.ts';

export interface HaproxyOptions extends ServerOptions {
  /** A port that the configuration binds; it serves once this one accepts. */
  port: number;
  /** The configuration itself, or the file it is in. */
  config: string | { file: string };
  /** What `${NAME}` in the configuration stands for. */
  env?: Record<string, string>;
}

export function missingForHaproxy(): string[] {
  return missingPrograms(['haproxy']);
}

/** `stop` cuts its connections; `kill('SIGUSR1')` lets them end first. */
export async function startHaproxy({ dir, port, config, env }: HaproxyOptions): Promise<LocalServer> {
  if (missingForHaproxy().length > 0) throw new Error('haproxy is not on the PATH: install it.');
  mkdirSync(dir, { recursive: true });
  const file = typeof config === 'string' ? join(dir, 'haproxy.cfg') : config.file;
  if (typeof config === 'string') writeFileSync(file, config);
  const launched = await launch({ command: 'haproxy', args: ['-db', '-f', file], dir, logName: 'haproxy.log', env, ready: () => accepts(port) });
  return localServer(launched, { url: `http://127.0.0.1:${port}`, port, dir });
}
