/** Servers that are built or downloaded once, into the git-ignored `.cache/`, from the recipes beside this file. */
import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const cacheFolder = fileURLToPath(new URL('../../.cache/servers', import.meta.url));
const run = promisify(execFile);

export interface Recipe {
  name: string;
  /** Its files, copied for the build; a change of one is another server. */
  folder: string;
  /** Run in the copy. */
  command: string;
  args: string[];
  env?: Record<string, string>;
}

/** What would have to be installed, without asking anything but the PATH. */
export function missingPrograms(programs: string[]): string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return programs.filter((program) => !folders.some((folder) => existsSync(join(folder, program))));
}

/** A folder of `recipes/`. */
export function recipeFolder(name: string): string {
  return fileURLToPath(new URL(`./recipes/${name}`, import.meta.url));
}

/** The folder of what the recipe makes, whether it is there by now or not. */
export function builtFolder({ name, folder }: Recipe, cache = cacheFolder): string {
  const hash = createHash('sha256');
  for (const file of readdirSync(folder).sort()) hash.update(file).update(readFileSync(join(folder, file)));
  return join(cache, `${name}-${hash.digest('hex').slice(0, 12)}`);
}

/** Builds it unless it is there, and answers its folder. Any number of processes may do so at once: the first one's is kept. */
export async function buildOnce(recipe: Recipe, cache = cacheFolder): Promise<string> {
  const folder = builtFolder(recipe, cache);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const draft = mkdtempSync(join(cache, `building-${recipe.name}-`));
  try {
    cpSync(recipe.folder, draft, { recursive: true });
    await run(recipe.command, recipe.args, { cwd: draft, env: { ...process.env, ...recipe.env }, maxBuffer: 64 * 1024 * 1024 });
    renameSync(draft, folder);
  } catch (error) {
    if (!existsSync(folder)) throw buildError(recipe, error);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
}

/** The last lines of what the tool said say why; the whole may be thousands of lines. */
function buildError(recipe: Recipe, error: unknown): Error {
  const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
  const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-15).join('\n');
  return new Error(`Preparing ${recipe.name} failed (${recipe.command} ${recipe.args.join(' ')}): ${said || String(error)}`);
}
