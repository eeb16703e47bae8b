/**
 * What runs in processes of its own is plain JavaScript: a loader in the measured process would be measured too.
 * The result lies within the project, where packages are found.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { atEnd } from './ending.ts';

const BENCH = fileURLToPath(new URL('.', import.meta.url));
const CACHE = join(BENCH, '../.cache');
const FOLDERS = ['baselines', 'stand-ins'];
const FILES = ['model.ts', 'stamps.ts', 'memory.ts', ...FOLDERS.flatMap((from) => readdirSync(join(BENCH, from)).map((name) => `${from}/${name}`))];
let folder: string | null = null;

/** The path of a file of bench/, compiled: `model`, `baselines/relay-gateway`. */
export function compiled(name: string): string {
  folder ??= compile();
  return join(folder, `${name}.js`);
}

function compile(): string {
  mkdirSync(CACHE, { recursive: true });
  const made = mkdtempSync(join(CACHE, 'bench-'));
  atEnd(() => {
    rmSync(made, { recursive: true, force: true });
    folder = null;
  });
  for (const each of FOLDERS) mkdirSync(join(made, each));
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true, rewriteRelativeImportExtensions: true };
  for (const file of FILES) {
    const { outputText } = ts.transpileModule(readFileSync(join(BENCH, file), 'utf8'), { fileName: file, compilerOptions });
    writeFileSync(join(made, file.replace(/ts$/, 'js')), outputText);
  }
  return made;
}
