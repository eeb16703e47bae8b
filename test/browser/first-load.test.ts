/** What a first visit costs before the first message, from the build itself. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const ROOT = join(__dirname, '../../dist/public');
const BUDGET = 150_000;
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** The scripts of the page and everything they import at once. */
function firstScripts(): Set<string> {
  const html = read('index.html');
  const found = new Set<string>();
  const add = (file: string): void => {
    if (found.has(file)) return;
    found.add(file);
    for (const [, from] of read(file).matchAll(/(?:\bfrom|\bimport)\s*["']\.\/([\w.-]+\.js)["']/g)) add(`assets/${from}`);
  };
  for (const [, file] of html.matchAll(/(?:src|href)="\/([\w./-]+\.js)"/g)) add(file!);
  return found;
}

it('U72 the first view takes at most 150 kB of compressed script, and none of what comes later', () => {
  const scripts = firstScripts();
  const size = [...scripts].reduce((sum, file) => sum + gzipSync(read(file)).length, 0);
  expect(scripts.size).toBeGreaterThan(1);
  expect(size).toBeLessThanOrEqual(BUDGET);
  const all = readdirSync(join(ROOT, 'assets'));
  for (const name of ['katex', 'renderer', 'typescript', 'ActionMenu', 'SettingsDialog', 'ChatSettingsDialog', 'FeedbackPanel', 'SearchResults', 'ShareDialog', 'SharedView', 'vi']) {
    const later = all.find((file) => file.startsWith(`${name}-`) && file.endsWith('.js'));
    expect([name, later]).toEqual([name, expect.any(String)]);
    expect(scripts).not.toContain(`assets/${later}`);
  }
});

it('U73 the app can be installed: its manifest names icons that are there', () => {
  const manifest = JSON.parse(read('manifest.webmanifest')) as { icons: { src: string; sizes: string; purpose?: string }[]; display: string; start_url: string };
  expect(manifest).toMatchObject({ display: 'standalone', start_url: './' });
  for (const { src } of manifest.icons) expect(readFileSync(join(ROOT, src)).length).toBeGreaterThan(100);
  expect(manifest.icons.map(({ sizes }) => sizes)).toEqual(expect.arrayContaining(['192x192', '512x512']));
  expect(manifest.icons.some(({ purpose }) => purpose === 'maskable')).toBe(true);
  expect(read('index.html')).toContain('rel="manifest"');
});
