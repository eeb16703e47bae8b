// Builds server and app into dist/ when a source is newer than the last build, or there is none.
import { execSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const stamp = join(dist, '.built');
const sources = ['services', 'src', 'tools', 'public', 'types', 'moleculer.config.ts', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];

function newest(path) {
  const info = statSync(path);
  if (!info.isDirectory()) return info.mtimeMs;
  return Math.max(info.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** Built files whose source is gone: the runner would still load a service that was renamed. */
function removeOrphans(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removeOrphans(path);
    else if (!existsSync(join(root, relative(dist, path).replace(/[.]js([.]map)?$/, '.ts')))) rmSync(path);
  }
}

function build() {
  const began = new Date();
  console.log('Building the server and the app …');
  removeOrphans(join(dist, 'services'));
  removeOrphans(join(dist, 'src'));
  removeOrphans(join(dist, 'tools'));
  // Whoever asks may be a test, in whose environment the app would be built for development.
  execSync('npm run --silent build', { cwd: root, stdio: 'inherit', env: { ...process.env, NODE_ENV: 'production' } });
  writeFileSync(stamp, '');
  // A source saved during the build counts as newer.
  utimesSync(stamp, began, began);
}

const built = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
const outdated = sources.map((name) => join(root, name)).some((path) => existsSync(path) && newest(path) > built);
// An install without development packages cannot build and runs what it was shipped with.
const canBuild = existsSync(join(root, 'node_modules/typescript'));

if (outdated && canBuild) {
  try {
    build();
  } catch {
    console.error('holdfast: the build failed; what is wrong stands above');
    process.exit(1);
  }
} else if (!existsSync(join(dist, 'moleculer.config.js'))) {
  console.error('holdfast: there is no build, and the packages that make one are not installed; run npm ci');
  process.exit(1);
}
