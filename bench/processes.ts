/** Starts what is measured as processes of their own, and ends them by their pid. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { guardChild, temporaryFolder } from './ending.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

export interface Running {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

async function start(args: string[], env: Record<string, string>): Promise<Running> {
  const child: ChildProcess = spawn(process.execPath, args, { cwd: root, env: { PATH: process.env['PATH'] ?? '', ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  guardChild(child);
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout! }).on('line', (text) => {
      const found = /ready at (http:[^\s"]+)/.exec(text)?.[1];
      if (found) resolve(found);
    });
    void exited.then(() => reject(new Error(`${args.join(' ')} ended before it was ready`)));
  });
  return {
    url,
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** Holdfast on the embedded store, with these settings. */
export function startServer(env: Record<string, string>): Promise<Running> {
  const folder = temporaryFolder('embedded');
  const runner = ['node_modules/moleculer/bin/moleculer-runner.js', '--config', 'dist/moleculer.config.js', 'dist/services/**/*.service.js'];
  const open = { RATE_SENDS: '1000000', RATE_GUEST_TOKENS: '1000000', RATE_FRAMES: '1000000', AI_MAX_CONCURRENT: '10000', LOG_FORMAT: 'json' };
  return start(runner, { PORT: '0', DATA_DIR: folder, ...open, ...env });
}

/** The bare relay in front of the same upstream. */
export function startRelay(baseUrl: string): Promise<Running> {
  return start(['--import', 'tsx', 'bench/relay-server.ts'], { OPENAI_BASE_URL: baseUrl });
}

/** CPU seconds this process has used so far (Linux; NaN elsewhere). */
export function cpuSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return NaN;
  }
}
