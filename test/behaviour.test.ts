/** docs/BEHAVIOUR.md and the tests name the same rules. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..');

function testFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return testFiles(path);
    return /\.test\.ts$|-contract\.ts$/.test(entry.name) ? [path] : [];
  });
}

/** Rule ids at the beginning of titles: `it('O3 …`, `test.each(…)("P2 P5 …`. */
function idsInTitles(source: string): string[] {
  const titles = source.matchAll(/['"`]((?:[A-Z]\d+ )+)\S/g);
  return [...titles].flatMap(([, ids]) => ids!.trim().split(' '));
}

const inTests = new Set(testFiles(join(root, 'test')).flatMap((file) => idsInTitles(readFileSync(file, 'utf8'))));
const rows = [...readFileSync(join(root, 'docs/BEHAVIOUR.md'), 'utf8').matchAll(/^\| ([A-Z]\d+) \|/gm)].map(([, id]) => id!);

it('every rule has a test', () => {
  expect(rows.length).toBeGreaterThan(100);
  expect(rows.filter((id) => !inTests.has(id))).toEqual([]);
});

it('every number in a test is a rule, and none stands twice', () => {
  expect([...inTests].filter((id) => !rows.includes(id)).sort()).toEqual([]);
  expect(rows.filter((id, place) => rows.indexOf(id) !== place)).toEqual([]);
});
