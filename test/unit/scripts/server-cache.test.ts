/** Servers for the tests are built once, whoever builds them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildOnce, builtFolder, missingPrograms, type Recipe } from '../../../scripts/servers/server-cache.ts';

let folder: string;
let cache: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-recipe-'));
  cache = mkdtempSync(join(tmpdir(), 'holdfast-cache-'));
  writeFileSync(join(folder, 'source'), 'one');
});
afterEach(() => {
  for (const each of [folder, cache]) rmSync(each, { recursive: true, force: true });
});

const recipe = (script: string): Recipe => ({ name: 'thing', folder, command: 'sh', args: ['-c', script] });

test('many at once have the same whole result, and nothing else is left', async () => {
  const built = await Promise.all(Array.from({ length: 6 }, () => buildOnce(recipe('cat source > made'), cache)));
  expect(new Set(built)).toEqual(new Set([builtFolder(recipe(''), cache)]));
  expect(readFileSync(join(built[0]!, 'made'), 'utf8')).toBe('one');
  expect(readdirSync(cache)).toHaveLength(1);
});

test('what is there is not built again; another source is', async () => {
  const first = await buildOnce(recipe('cat source > made'), cache);
  expect(await buildOnce(recipe('exit 1'), cache)).toBe(first);
  writeFileSync(join(folder, 'source'), 'two');
  expect(readFileSync(join(await buildOnce(recipe('cat source > made'), cache), 'made'), 'utf8')).toBe('two');
});

test('a build that fails says what the tool said and leaves nothing', async () => {
  await expect(buildOnce(recipe('touch made; echo "no such version" >&2; exit 3'), cache)).rejects.toThrow(/thing failed.*no such version/);
  expect(readdirSync(cache)).toEqual([]);
  await expect(buildOnce({ ...recipe(''), command: 'no-such-tool' }, cache)).rejects.toThrow(/no-such-tool/);
});

test('missing programs are named', () => {
  expect(missingPrograms(['sh', 'no-such-tool'])).toEqual(['no-such-tool']);
});
