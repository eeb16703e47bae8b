// npm run test:long: the whole suite with the long counts (LONG=1), for minutes instead of seconds.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const jest = fileURLToPath(new URL('../node_modules/jest/bin/jest.js', import.meta.url));
const run = spawnSync(process.execPath, [jest, '--testTimeout=1800000', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, LONG: '1' },
});
process.exit(run.status ?? 1);
