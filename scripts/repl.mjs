// npm run repl: joins the cluster as a node of its own, without services, and opens the prompt. Settings as for every
// other node (.env, environment), without REDIS_URL those of the cluster that `npm run cluster` started here; what this
// node would run is nobody's wish here.
import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import './load-env.mjs';
import { settingsOfRunningCluster } from './cluster/joining.mjs';

await settingsOfRunningCluster();
if (!process.env.REDIS_URL) {
  console.error('holdfast: no REDIS_URL, and no cluster runs here, so there is none to join; for the one process of the embedded mode: npm start -- --repl');
  process.exit(1);
}
await import('./build-if-needed.mjs');

delete process.env.SERVICES;
delete process.env.SERVICEDIR;
process.env.NODE_ID = 'repl';
// The prompt is for answers; what goes on in the nodes stands in their own logs.
process.env.LOG_LEVEL ||= 'warn';

// The prompt keeps its history at home, where nothing may be written in a container.
try {
  accessSync(homedir(), constants.W_OK);
} catch {
  process.env.HOME = tmpdir();
}

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const { Runner } = createRequire(import.meta.url)('moleculer');
const [node, script, ...words] = process.argv;
await new Runner().start([node, script, '--config', 'dist/moleculer.config.js', '--repl', ...words]);
