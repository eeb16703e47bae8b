/**
 * The process that holds a cluster: started by main.ts apart from the terminal, so that Ctrl-C reaches nothing but
 * main.ts, and nodes can drain while the servers they need still run. It ends when main.ts says so or is gone.
 */
import { Cluster, type ClusterOptions } from './cluster.ts';
import { ClusterFolder } from './cluster-folder.ts';
import { openControl } from './control-server.ts';
import { identityOf } from './process-identity.ts';
import { report } from './report.ts';
import { provideServers } from './server-plans.ts';

/** What main.ts hands over. */
export type Plan = Pick<ClusterOptions, 'root' | 'proxy' | 'nodes'> & { folder: string };

const UP_LIMIT_MS = 15_000;
const FAREWELL_MS = 1_000;

const say = (line: string): void => console.log(line);
// The terminal may be gone before the nodes have drained.
process.stdout.on('error', () => {});

async function supervise({ folder: path, ...options }: Plan): Promise<void> {
  const folder = new ClusterFolder(path);
  folder.make();
  const cluster = new Cluster({ ...options, env: process.env, folder, say });
  const controlPath = folder.socket('control.sock');
  let ended: Promise<void> | undefined;
  const endAll = (code = 0): Promise<void> => {
    ended ??= cluster.end().then(() => {
      folder.removeState();
      say('Ended.');
      control.close(() => process.exit(code));
      setTimeout(() => process.exit(code), FAREWELL_MS);
    });
    return ended;
  };
  const control = await openControl(cluster, controlPath, () => endAll());
  const supervisor = identityOf(process.pid) ?? { pid: process.pid, began: '' };
  cluster.onChange = () => folder.writeState({ supervisor, control: controlPath, url: options.proxy.url, settings: cluster.settings, processes: cluster.processes });
  cluster.onChange();
  listen(cluster, endAll);
  try {
    await provideServers(process.env);
    await cluster.start();
  } catch (error) {
    if (ended === undefined) say(error instanceof Error ? error.message : String(error));
    return endAll(1);
  }
  if (ended === undefined) await welcome(cluster, options.proxy.url);
}

function listen(cluster: Cluster, endAll: (code?: number) => Promise<void>): void {
  let told = false;
  const end = (): void => {
    if (!told) say('Ending: nodes first, then HAProxy and the servers. Data stays.');
    told = true;
    void endAll();
  };
  process.on('message', (message) => (message === 'hurry' ? cluster.hurry() : end()));
  for (const event of ['disconnect', 'SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(event, end);
}

async function welcome(cluster: Cluster, url: string): Promise<void> {
  const up = await cluster.gatewaysAreUp(UP_LIMIT_MS);
  const missing = cluster.members.filter(({ state }) => state !== 'ready').map(({ name }) => name);
  for (const line of ['', ...(await report(cluster)), '']) say(line);
  if (missing.length > 0) say(`Not ready: ${missing.join(', ')}. Their logs say why: npm run cluster -- logs ${missing[0]}`);
  say(up ? `Open ${url}   (Ctrl-C ends everything; data stays)` : `HAProxy sees no gateway up yet at ${url}.`);
}

await supervise(JSON.parse(process.argv[2] ?? '{}') as Plan);
