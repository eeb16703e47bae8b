/** A server program run from a local binary: its own port and data folder, stopped by the id it was started with. */
import { spawn, type ChildProcess } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';

export interface LocalServer {
  /** What the product's setting takes. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly dir: string;
  /** Resolves once the process is gone. */
  readonly exited: Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Ends it in order, and waits. */
  stop(): Promise<void>;
}
export interface ServerOptions {
  /** Where it keeps data and log; made when missing. The same folder again finds the same data. */
  dir: string;
  /** Absent: a free one. */
  port?: number;
}

/**
 * Below the range from which systems take ports of outgoing connections, so that a program that ended finds its port free
 * when it is started again.
 */
export function freePort(): Promise<number> {
  const port = 10_000 + Math.floor(Math.random() * 12_000);
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(freePort()));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(port)));
  });
}

/** Whether something accepts connections there. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}

export interface Launch {
  command: string;
  args: string[];
  dir: string;
  logName: string;
  env?: Record<string, string>;
  /** Answers whether the server serves by now. */
  ready: () => Promise<boolean>;
  limitMs?: number;
}

/** Starts the program and waits until it serves. Throws with the name of its log when it does not. */
export async function launch({ command, args, dir, logName, env, ready, limitMs = 20_000 }: Launch): Promise<{ child: ChildProcess; exited: Promise<void> }> {
  mkdirSync(dir, { recursive: true });
  const logFile = join(dir, logName);
  const log = createWriteStream(logFile, { flags: 'a' });
  const child = spawn(command, args, { cwd: dir, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  let ended: string | null = null;
  const exited = new Promise<void>((resolve) => {
    child.once('error', (error) => (ended = error.message, resolve()));
    child.once('close', (code, signal) => (ended = `ended with ${signal ?? code}`, log.end(), resolve()));
  });
  const limit = Date.now() + limitMs;
  while (!(await ready())) {
    if (ended !== null) throw new Error(`${command}: ${ended}; see ${logFile}`);
    if (Date.now() > limit) {
      child.kill('SIGKILL');
      throw new Error(`${command} did not serve within ${limitMs} ms; see ${logFile}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return { child, exited };
}

export function localServer(launched: { child: ChildProcess; exited: Promise<void> }, about: { url: string; port: number; dir: string }): LocalServer {
  const { child, exited } = launched;
  return {
    ...about,
    pid: child.pid ?? 0,
    exited,
    kill: (signal) => void child.kill(signal),
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
