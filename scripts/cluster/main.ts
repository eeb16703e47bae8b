/** npm run cluster: a whole cluster on this machine, and what can be done with a running one. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ask } from './control-client.ts';
import type { Request } from './control-server.ts';
import { ClusterFolder } from './cluster-folder.ts';
import { endLeftOver } from './leftovers.ts';
import { showLog } from './logs.ts';
import { up } from './up.ts';

const HELP = `npm run cluster                       start it: Redis, MongoDB, Kafka (those no setting names), 8 nodes, HAProxy on 8080
npm run cluster -- --port 9000        HAProxy there; --host 0.0.0.0 opens it to the network
npm run cluster -- --tls              https on 8443 (--tls-port), http redirected; CERTIFICATE names your own
npm run cluster -- --sticky           all connections of one address at one gateway
npm run cluster -- --gateways 1 --ais 2   another number of nodes
From another terminal:
npm run cluster -- status             what runs where
npm run cluster -- logs <name> [-f]   the end of its log; -f goes on
npm run cluster -- stop <name> …      ends one in order (gateway-2, ai-1, redis, haproxy …); without a name all of it
npm run cluster -- start <name> …     starts that one again; gateway or ai adds one more
npm run cluster -- haproxy 'show stat'   a command of HAProxy's runtime API
npm run cluster -- clean              removes all data; only when nothing runs
Settings of .env and the environment reach every node; CLUSTER_DIR is the data's folder (./.cluster).`;

const root = fileURLToPath(new URL('../..', import.meta.url));
const print = (line: string): void => console.log(line);

function words(): ReturnType<typeof parse> {
  try {
    return parse();
  } catch (error) {
    console.error(`cluster: ${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    process.exit(1);
  }
}

function parse() {
  return parseArgs({
    allowPositionals: true,
    options: {
      port: { type: 'string', default: process.env['CLUSTER_PORT'] || '8080' },
      host: { type: 'string', default: process.env['CLUSTER_HOST'] || '127.0.0.1' },
      tls: { type: 'boolean', default: false },
      'tls-port': { type: 'string', default: process.env['CLUSTER_TLS_PORT'] || '8443' },
      sticky: { type: 'boolean', default: false },
      gateways: { type: 'string', default: '3' },
      ais: { type: 'string', default: '3' },
      follow: { type: 'boolean', short: 'f', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
}

/** Asks the running cluster; without one that is said. */
async function toRunning(folder: ClusterFolder, request: Request): Promise<number> {
  const state = folder.runningState();
  if (state === undefined) {
    const left = folder.leftOver();
    console.error(left.length > 0
      ? `cluster: it was killed, and ${left.map(({ name }) => name).join(', ')} still run: npm run cluster -- stop`
      : 'cluster: none runs here; start it: npm run cluster');
    return 1;
  }
  if (request.command === 'status') print(`${state.url}   (pid ${state.supervisor.pid})`);
  return (await ask(state.control, request, print)) ? 0 : 1;
}

async function stopAll(folder: ClusterFolder): Promise<number> {
  if (folder.runningState() !== undefined) return toRunning(folder, { command: 'end' });
  const left = await endLeftOver(folder);
  print(left > 0 ? `Ended ${left} processes of a cluster that was killed.` : 'None runs here.');
  return 0;
}

function clean(folder: ClusterFolder): number {
  if (folder.runningState() !== undefined || folder.leftOver().length > 0) {
    console.error('cluster: it runs, and its data is in use: npm run cluster -- stop, then clean');
    return 1;
  }
  rmSync(folder.path, { recursive: true, force: true });
  print(`Removed ${folder.path}.`);
  return 0;
}

/** One after the other; 0 when all were. */
async function each(names: string[], act: (name: string) => Promise<number>): Promise<number> {
  let worst = 0;
  for (const name of names) worst = Math.max(worst, await act(name));
  return worst;
}

async function run(): Promise<number> {
  const { values, positionals } = words();
  const [command = 'up', ...names] = positionals;
  const [name] = names;
  const folder = new ClusterFolder(process.env['CLUSTER_DIR'] || join(root, '.cluster'));
  if (values.help || command === 'help') {
    print(HELP);
    return 0;
  }
  switch (command) {
    case 'up': {
      const audit = process.env['AUDIT'] === 'off' ? 0 : 1;
      const nodes = { gateway: Number(values.gateways), ai: Number(values.ais), history: 1, audit };
      return up({ root, folder, host: values.host, port: Number(values.port), tls: values.tls, tlsPort: Number(values['tls-port']), sticky: values.sticky, nodes });
    }
    case 'status':
      return toRunning(folder, { command });
    case 'stop':
      return name === undefined ? stopAll(folder) : each(names, (one) => toRunning(folder, { command, name: one }));
    case 'start':
      if (name !== undefined) return each(names, (one) => toRunning(folder, { command, name: one }));
      break;
    case 'logs':
      if (name !== undefined) return (await showLog(folder, name, values.follow, print)) ? 0 : 1;
      break;
    case 'haproxy':
      if (name !== undefined) return toRunning(folder, { command, text: names.join(' ') });
      break;
    case 'clean':
      return clean(folder);
  }
  console.error(`cluster: "${positionals.join(' ')}" is none of these:\n\n${HELP}`);
  return 1;
}

// `… | head` has read enough.
process.stdout.on('error', () => process.exit());
if (existsSync(join(root, '.env'))) process.loadEnvFile(join(root, '.env'));
process.exitCode = await run();
