/** A copy of the project in which code can be taken out and tests be run, apart from the project itself. */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
/** Made by installing, not by editing. */
const LINKED = ['node_modules', '.cache'];
const LIMIT_MS = 300_000;

export interface Outcome {
  /** `red`: a test failed. `skipped`: none ran. */
  verdict: 'green' | 'red' | 'skipped';
  failed: string[];
  output: string;
}

export class Workbench {
  readonly #folder = mkdtempSync(join(tmpdir(), 'mutations-'));

  constructor() {
    const { stdout, status } = spawnSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: PROJECT, encoding: 'utf8', maxBuffer: 2 ** 26 });
    if (status !== 0) throw new Error('Cannot list the files of the project: this needs git and a clone.');
    for (const file of stdout.split('\0').filter((name) => name !== '' && existsSync(join(PROJECT, name)))) {
      mkdirSync(dirname(join(this.#folder, file)), { recursive: true });
      cpSync(join(PROJECT, file), join(this.#folder, file));
    }
    for (const name of LINKED.filter((each) => existsSync(join(PROJECT, each)))) symlinkSync(join(PROJECT, name), join(this.#folder, name));
  }

  /** Does something with the file changed, and puts it back. Throws when `find` does not stand there exactly once. */
  async changed<T>(file: string, find: string, replace: string, work: () => Promise<T>): Promise<T> {
    const path = join(this.#folder, file);
    const code = readFileSync(path, 'utf8');
    const times = code.split(find).length - 1;
    if (times !== 1) throw new Error(`${file} has the code of this mutation ${times} times; test/mutations/mutations.ts must be brought up to date.`);
    writeFileSync(path, code.replace(find, () => replace));
    try {
      return await work();
    } finally {
      writeFileSync(path, code);
    }
  }

  /** Runs these test files; nothing is built, so they must be tests that run the sources. */
  async test(files: string[]): Promise<Outcome> {
    const child = spawn(process.execPath, ['node_modules/jest/bin/jest.js', '--ci', '--forceExit', ...files], {
      cwd: this.#folder,
      env: { ...process.env, SKIP_BUILD: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
    const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    clearTimeout(limit);
    const [, passed = '0', , skipped = '0'] = /^(\d+) passed, (\d+) failed, (\d+) skipped/m.exec(output) ?? [];
    const failed = [...new Set([...output.matchAll(/^ {2}● (.+)$/gm)].map(([, title = '']) => title.trim()))];
    if (code !== 0) return { verdict: 'red', failed, output };
    return { verdict: Number(passed) === 0 && Number(skipped) > 0 ? 'skipped' : 'green', failed, output };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
