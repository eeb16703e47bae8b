/** A Node process of the bench: output to a file, ended by its pid. */
import { spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { atEnd, guardChild } from './ending.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const READY_LIMIT_MS = 40_000;
const STOP_LIMIT_MS = 15_000;

export interface NodeProcess {
  readonly name: string;
  readonly pid: number;
  /** Where it serves; '' when it does not. */
  readonly url: string;
  readonly exited: Promise<void>;
  kill(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
  /** What it wrote so far. */
  output(): string;
}
export interface Start {
  name: string;
  args: string[];
  env: Record<string, string>;
  folder: string;
  url?: string;
  /** Answers whether it is ready. */
  ready: (process: NodeProcess) => boolean | Promise<boolean>;
}

/** Starts it with nothing of this environment but PATH, and waits until it is ready. */
export async function startNode({ name, args, env, folder, url = '', ready }: Start): Promise<NodeProcess> {
  const file = join(folder, `${name}.log`);
  const log = openSync(file, 'a');
  const child = spawn(process.execPath, args, { cwd: ROOT, env: { PATH: process.env['PATH'] ?? '', HOME: tmpdir(), ...env }, stdio: ['ignore', log, log] });
  guardChild(child);
  let ended = false;
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve())).then(() => void (ended = true));
  const started: NodeProcess = {
    name,
    pid: child.pid ?? 0,
    url,
    exited,
    kill: (signal) => void child.kill(signal),
    async stop() {
      if (ended) return;
      // One that was stopped with SIGSTOP hears SIGTERM only when it goes on.
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      await Promise.race([exited, pause(STOP_LIMIT_MS, undefined, { ref: false })]);
      child.kill('SIGKILL');
      await exited;
    },
    output: () => readFileSync(file, 'utf8'),
  };
  atEnd(() => started.stop());
  await until(`${name} to be ready`, async () => {
    if (ended) throw new Error(`${name} ended before it was ready:\n${tail(started)}`);
    return ready(started);
  }, READY_LIMIT_MS, () => tail(started));
  return started;
}

const tail = (node: NodeProcess): string => node.output().split('\n').slice(-15).join('\n');

/** Looks every few ms; throws when the limit is over. */
export async function until(what: string, is: () => boolean | Promise<boolean>, limitMs = 20_000, more = (): string => ''): Promise<void> {
  const limit = Date.now() + limitMs;
  while (!(await is())) {
    if (Date.now() > limit) throw new Error(`waited ${limitMs} ms for: ${what}\n${more()}`);
    await pause(10);
  }
}

export async function answers(url: string): Promise<boolean> {
  return fetch(url).then((response) => response.status === 200, () => false);
}
