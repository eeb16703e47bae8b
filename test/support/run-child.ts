/** A TypeScript file run as a process of its own, on this machine only. It is stopped by the pid it was started with. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Child {
  process: ChildProcess;
  /** Lines it printed so far. */
  lines: string[];
  errors: () => string;
  /** Ends when the process and its output did. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

export function runChild(file: string, args: string[]): Child {
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  let errors = '';
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  child.stderr.on('data', (data: Buffer) => {
    errors += data.toString();
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  return { process: child, lines, errors: () => errors, ended };
}
