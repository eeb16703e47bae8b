/**
 * The built product as a process of its own, as `npm start` runs it: real sockets, real signals, a temporary DATA_DIR.
 * What a test file leaves running is killed, by its pid, when the file ends; temporary folders go with it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

const ROOT = join(__dirname, '../..');
const COMMAND = ['node_modules/moleculer/bin/moleculer-runner.js', '--config', 'dist/moleculer.config.js', 'dist/services/**/*.service.js'];
const READY = /Holdfast is ready at (https?:\/\/[^\s"]+)/;
const START_LIMIT_MS = 20_000;

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}
export interface Output {
  readonly stdout: string[];
  readonly stderr: string[];
}
export interface HoldfastProcess extends Output {
  /** Where it serves, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly dataDir: string;
  readonly exited: Promise<Exit>;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, and its end. */
  stop(): Promise<Exit>;
  /** Starts it again, once it is gone, with the same settings, DATA_DIR and port; `env` changes settings. */
  restart(env?: Env): Promise<HoldfastProcess>;
}
export type Env = Record<string, string>;

interface Running extends Output {
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  /** Called with each line of stdout. */
  onLine: (line: string) => void;
}

const running = new Set<Running>();
const folders: string[] = [];

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-test-'));
  folders.push(folder);
  return folder;
}

afterAll(async () => {
  await Promise.all([...running].map(({ child, exited }) => {
    child.kill('SIGKILL');
    return exited;
  }));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function collect(stream: Readable, lines: string[], onLine: (line: string) => void = () => {}): void {
  createInterface({ input: stream }).on('line', (line) => {
    lines.push(line);
    onLine(line);
  });
}

/** On top of nothing but PATH and HOME, so that no setting of the machine gets in. */
function launch(env: Env): Running {
  const inherited = { PATH: process.env['PATH'] ?? '', HOME: tmpdir() };
  const child = spawn(process.execPath, COMMAND, { cwd: ROOT, env: { ...inherited, LOG_FORMAT: 'json', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<Exit>((resolve) => {
    // `close` comes when the output is read to its end.
    child.once('close', (code, signal) => {
      running.delete(launched);
      resolve({ code, signal });
    });
  });
  const launched: Running = { child, exited, stdout: [], stderr: [], onLine: () => {} };
  collect(child.stdout, launched.stdout, (line) => launched.onLine(line));
  collect(child.stderr, launched.stderr);
  running.add(launched);
  return launched;
}

function tail({ stdout, stderr }: Output): string {
  return ['--- stdout, last lines', ...stdout.slice(-15), '--- stderr, last lines', ...stderr.slice(-15)].join('\n');
}

async function readyUrl(launched: Running): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<string>((resolve, reject) => {
      const fail = (what: string): void => reject(new Error(`${what}\n${tail(launched)}`));
      launched.onLine = (line) => {
        const url = READY.exec(line)?.[1];
        if (url !== undefined) resolve(url);
      };
      void launched.exited.then(({ code, signal }) => fail(`Holdfast ended before it was ready (code ${code}, signal ${signal})`));
      timer = setTimeout(() => fail(`Holdfast was not ready within ${START_LIMIT_MS} ms`), START_LIMIT_MS);
    });
  } finally {
    clearTimeout(timer);
    launched.onLine = () => {};
  }
}

/** Starts it and waits until it serves. A start that fails throws with the end of its output. */
export async function startHoldfast(env: Env = {}): Promise<HoldfastProcess> {
  const settings: Env = { PORT: '0', DATA_DIR: env['DATA_DIR'] ?? temporaryFolder(), ...env };
  const launched = launch(settings);
  const url = await readyUrl(launched);
  const port = Number(new URL(url).port);
  const { child, exited, stdout, stderr } = launched;
  const kill = (signal: NodeJS.Signals): void => void child.kill(signal);
  return {
    url,
    port,
    pid: child.pid ?? 0,
    dataDir: settings['DATA_DIR'] ?? '',
    stdout,
    stderr,
    exited,
    kill,
    stop() {
      kill('SIGTERM');
      return exited;
    },
    async restart(changes = {}) {
      await exited;
      return startHoldfast({ ...settings, PORT: String(port), ...changes });
    },
  };
}

/** Starts it and waits for its end: for starts that are meant to fail. */
export async function runHoldfast(env: Env): Promise<Exit & Output> {
  const launched = launch({ PORT: '0', ...env, DATA_DIR: env['DATA_DIR'] ?? temporaryFolder() });
  const timer = setTimeout(() => launched.child.kill('SIGKILL'), START_LIMIT_MS);
  const exit = await launched.exited;
  clearTimeout(timer);
  return { ...exit, stdout: launched.stdout, stderr: launched.stderr };
}
