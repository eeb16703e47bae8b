// npm start: builds what is out of date, then runs the node in this very process, so that signals and the exit code
// are the node's own. Further words go to moleculer-runner: npm start -- --repl
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import './load-env.mjs';
import './build-if-needed.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const { Runner } = createRequire(import.meta.url)('moleculer');
const [node, script, ...words] = process.argv;
await new Runner().start([node, script, '--config', 'dist/moleculer.config.js', 'dist/services/**/*.service.js', ...words]);
