// npm run audit:verify, npm run audit:rebuild: the built tool, with the settings of .env; without REDIS_URL those of the cluster
// that `npm run cluster` started here, if one runs. Only its result goes to stdout.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import './load-env.mjs';
import { settingsOfRunningCluster } from './cluster/joining.mjs';

const cluster = await settingsOfRunningCluster();
if (cluster !== undefined) console.error(`the cluster at ${cluster}:`);
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const [, , tool, ...words] = process.argv;
const build = spawnSync(process.execPath, ['scripts/build-if-needed.mjs'], { stdio: ['ignore', 2, 2] });
if (build.status !== 0) process.exit(2);
process.argv.splice(2, Infinity, ...words);
await import(new URL(`../dist/tools/audit-${tool}.js`, import.meta.url).href);
