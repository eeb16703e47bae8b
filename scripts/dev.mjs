// npm run dev: the node from source, its services loaded again when a file changes, and the app by Vite, which
// updates the open page. Open the address Vite prints; it hands /api and sockets to the node. Ctrl-C ends both.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';
import './load-env.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const port = process.env.PORT || '3000';
const node = { target: `http://${process.env.HOST || '127.0.0.1'}:${port}`, ws: true };

const vite = await createServer({
  configFile: `${root}public/vite.config.ts`,
  server: { proxy: { '/api': node, '/health': node, '/ready': node, '/socket.io': node } },
});
await vite.listen();
vite.printUrls();

// The CommonJS runner: its ESM twin does not load changed files again.
const runner = ['--import', 'tsx', 'node_modules/moleculer/bin/moleculer-runner.js', '--hot', '--config', 'moleculer.config.ts'];
const repl = process.stdin.isTTY ? ['--repl'] : [];
const child = spawn(process.execPath, [...runner, ...repl, 'services/**/*.service.ts'], { cwd: root, stdio: 'inherit' });

// Ctrl-C reaches the node by itself, other signals do not; either way this process ends when the node did.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.once('exit', async (code) => {
  await vite.close();
  process.exit(code ?? 1);
});
