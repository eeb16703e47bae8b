/** Whatever a measurement started or made is ended and removed, also when it fails or is interrupted. */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Task = () => unknown;
const tasks: Task[] = [];
const children = new Set<ChildProcess>();

/** Runs `task` at the end; the last one given is the first one run. */
export function atEnd(task: Task): void {
  tasks.push(task);
}

export async function endAll(): Promise<void> {
  for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
    try {
      await task();
    } catch (error) {
      console.error(error);
    }
  }
}

/** A folder that goes with the measurement. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `holdfast-bench-${name}-`));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The process cannot outlive this one, unless this one is killed itself. */
export function guardChild(child: ChildProcess): void {
  children.add(child);
  child.once('close', () => children.delete(child));
}

process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void endAll().then(() => process.exit(1)));
