/** The import rules hold in the project, and each of them can fail: a seeded tree breaks every one. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const ROOT = join(__dirname, '..');
const RULES = join(ROOT, '.dependency-cruiser.cjs');
const CRUISE = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
const PLACES = ['src', 'services', 'tools', 'public/src', 'test', 'bench', 'moleculer.config.ts'];

interface Violation {
  from: string;
  to: string;
  rule: { name: string };
}

async function cruise(folder: string, places: string[]): Promise<Violation[]> {
  const args = [CRUISE, '--config', join(folder, '.dependency-cruiser.cjs'), '--output-type', 'json', ...places];
  const output = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      // With violations it exits non-zero and the report is still whole.
      if (stdout.startsWith('{')) resolve(stdout);
      else reject(new Error(`dependency-cruiser gave no report: ${error?.message ?? ''} ${stderr}`));
    });
  });
  return (JSON.parse(output) as { summary: { violations: Violation[] } }).summary.violations;
}

const line = (path: string): string => `import '${path}';\n`;

/** Per rule, the file that breaks it and what it imports. */
const seeds: Record<string, [file: string, imports: string]> = {
  'no-circles': ['src/circle-a.ts', './circle-b.ts'],
  'nothing-unresolved': ['src/lost.ts', './nowhere.ts'],
  'protocol-is-the-ground': ['src/protocol/wire.ts', '../config.ts'],
  'ground-stands-on-ground': ['src/ids.ts', './gateway/rooms.ts'],
  'nothing-imports-upward': ['src/ai/uses-a-service.ts', '../../services/ai.service.ts'],
  'tests-stay-outside': ['services/history.service.ts', '../test/until.ts'],
  'services-do-not-import-services': ['services/gateway.service.ts', './ai.service.ts'],
  'service-uses-its-own-column': ['services/audit.service.ts', '../src/history/paging.ts'],
  'columns-do-not-meet': ['src/gateway/reaches-over.ts', '../history/paging.ts'],
  'process-stands-apart': ['src/process/knows-a-column.ts', '../gateway/rooms.ts'],
  'only-the-entry-uses-process': ['src/gateway/stops-the-process.ts', '../process/stop.ts'],
  'browser-touches-only-protocol': ['public/src/app.ts', '../../src/config.ts'],
  'columns-know-contracts-not-backends': ['src/history/takes-a-store.ts', '../backends/create-backends.ts'],
  'one-door-to-the-backends': ['moleculer.config.ts', './src/backends/embedded/store.ts'],
  'embedded-and-cluster-do-not-meet': ['src/backends/cluster/borrows.ts', '../embedded/store.ts'],
  'backends-do-not-know-columns': ['src/backends/embedded/knows-a-column.ts', '../../history/paging.ts'],
  'drivers-only-in-cluster': ['src/gateway/speaks-redis.ts', 'ioredis'],
  'sqlite-only-in-embedded': ['src/history/speaks-sqlite.ts', 'libsql'],
  'no-dev-packages-in-the-server': ['src/ai/uses-a-dev-package.ts', 'jest'],
};

/** What the rules allow, so that none of them simply forbids everything. */
const allowed: Record<string, string[]> = {
  'src/config.ts': ['zod'],
  'src/circle-b.ts': ['./circle-a.ts'],
  'src/protocol/errors.ts': ['zod'],
  'src/gateway/rooms.ts': ['../protocol/errors.ts', '../config.ts', '../backends/contracts.ts'],
  'src/history/paging.ts': ['../protocol/errors.ts'],
  'src/backends/contracts.ts': ['../protocol/errors.ts'],
  'src/backends/create-backends.ts': ['./embedded/store.ts', './contracts.ts', '../config.ts'],
  'src/backends/embedded/store.ts': ['libsql', '../contracts.ts'],
  'src/backends/cluster/keys.ts': ['ioredis', '../contracts.ts'],
  'src/process/stop.ts': ['../config.ts'],
  'services/ai.service.ts': ['../src/config.ts'],
  'public/src/client.ts': ['../../src/protocol/errors.ts'],
  'test/until.ts': ['../src/config.ts', '../src/backends/embedded/store.ts'],
};

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function seedTree(folder: string): void {
  cpSync(RULES, join(folder, '.dependency-cruiser.cjs'));
  write(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { module: 'nodenext', allowImportingTsExtensions: true, noEmit: true } }));
  const products = ['zod', 'ioredis', 'libsql'];
  write(join(folder, 'package.json'), JSON.stringify({
    dependencies: Object.fromEntries(products.map((name) => [name, '1.0.0'])),
    devDependencies: { jest: '1.0.0' },
  }));
  for (const name of [...products, 'jest']) {
    write(join(folder, 'node_modules', name, 'package.json'), JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
    write(join(folder, 'node_modules', name, 'index.js'), 'module.exports = {};\n');
  }
  for (const [file, imports] of Object.entries(allowed)) write(join(folder, file), imports.map(line).join(''));
  for (const [file, imports] of Object.values(seeds)) write(join(folder, file), line(imports));
}

describe('the import rules', () => {
  const ruleNames = (jest.requireActual<{ forbidden: { name: string }[] }>(RULES)).forbidden.map((rule) => rule.name);

  test('hold in the project', async () => {
    const violations = await cruise(ROOT, PLACES);
    expect(violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)).toEqual([]);
  }, 60_000);

  describe('on a tree that breaks each of them', () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-rules-'));
    let violations: Violation[] = [];
    beforeAll(async () => {
      seedTree(folder);
      violations = await cruise(folder, PLACES.filter((place) => !['bench', 'tools'].includes(place)));
    }, 60_000);
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    test.each(ruleNames)('%s fires', (name) => {
      const seed = seeds[name];
      expect(seed).toBeDefined();
      expect(violations.filter((found) => found.rule.name === name).map((found) => found.from)).toContain(seed?.[0]);
    });

    test('what is allowed stays allowed', () => {
      const clean = Object.keys(allowed).filter((file) => !file.includes('circle'));
      expect(violations.filter((found) => clean.includes(found.from))).toEqual([]);
    });
  });
});
