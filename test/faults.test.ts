/** Every fault of docs/FAULTS.md is played by a test that names it by its number: `V45 fault 3: …`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..');

function testFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? testFiles(path) : entry.name.endsWith('.test.ts') ? [path] : [];
  });
}

const titled = new Set(testFiles(join(root, 'test')).flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/['"`](?:[A-Z]\d+ )+fault (\d+): /g)].map(([, number]) => Number(number))));
const rows = [...readFileSync(join(root, 'docs/FAULTS.md'), 'utf8').matchAll(/^\| (\d+) \|/gm)].map(([, number]) => Number(number));

it('every fault has a test', () => {
  expect(rows).toEqual(Array.from({ length: 29 }, (_, n) => n + 1));
  expect(rows.filter((number) => !titled.has(number))).toEqual([]);
});

it('every number in a title is a fault', () => {
  expect([...titled].filter((number) => !rows.includes(number))).toEqual([]);
});
