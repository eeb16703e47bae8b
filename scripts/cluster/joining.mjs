// What `npm run node` and the tools need of a cluster that runs here; plain JavaScript, for installs without development
// packages.
// The requests and answers are those of control-server.ts.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

function readState() {
  const folder = process.env.CLUSTER_DIR || fileURLToPath(new URL('../../.cluster', import.meta.url));
  try {
    return JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8'));
  } catch {
    return undefined;
  }
}

function connected(path) {
  return new Promise((resolve) => {
    const socket = connect(path, () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}

/** `{url, settings, join, leave}`, or undefined when nobody answers there. */
export async function runningCluster() {
  const state = readState();
  const socket = state && (await connected(state.control));
  if (!socket) return undefined;
  // While the connection lasts the cluster counts this node in; it must not keep the process alive.
  const join = (about) => new Promise((resolve) => {
    let said = 'the cluster does not answer';
    const lines = createInterface({ input: socket });
    lines.on('line', (text) => {
      const { line, ok } = JSON.parse(text);
      if (line !== undefined) said = line;
      if (ok !== undefined) {
        socket.unref();
        resolve(ok ? undefined : said);
      }
    });
    lines.once('close', () => resolve(said));
    socket.on('error', () => {});
    socket.write(`${JSON.stringify({ command: 'join', ...about })}\n`);
  });
  return { url: state.url, settings: state.settings, join, leave: () => socket.end() };
}

/** For tools: without REDIS_URL the settings of the cluster that runs here, if one does. Answers its address. */
export async function settingsOfRunningCluster() {
  if (process.env.REDIS_URL) return undefined;
  const cluster = await runningCluster();
  if (cluster === undefined) return undefined;
  cluster.leave();
  for (const [name, value] of Object.entries(cluster.settings)) process.env[name] ||= value;
  return cluster.url;
}
