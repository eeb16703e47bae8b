/** Processes of a cluster whose supervisor was killed: still ours, by pid and start time, and nobody else ends them. */
import type { ClusterFolder } from './cluster-folder.ts';
import { isAlive, type ProcessIdentity } from './process-identity.ts';

const LIMIT_MS = 15_000;
const LOOK_EVERY_MS = 50;

async function end(processes: ProcessIdentity[]): Promise<void> {
  const signal = (name: NodeJS.Signals): void => {
    for (const each of processes.filter(isAlive)) process.kill(each.pid, name);
  };
  signal('SIGTERM');
  const limit = Date.now() + LIMIT_MS;
  while (processes.some(isAlive) && Date.now() < limit) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  signal('SIGKILL');
}

/** Nodes before the servers they need. Answers how many there were. */
export async function endLeftOver(folder: ClusterFolder): Promise<number> {
  const processes = folder.leftOver();
  const isNode = ({ name }: { name: string }): boolean => /-\d+$/.test(name);
  await end(processes.filter(isNode));
  await end(processes.filter((each) => !isNode(each)));
  if (folder.runningState() === undefined) folder.removeState();
  return processes.length;
}
