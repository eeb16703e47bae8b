/** What runs where, as `status` and the start print it. */
import { relative } from 'node:path';
import type { Cluster } from './cluster.ts';
import { table } from './table.ts';

export async function report(cluster: Cluster): Promise<string[]> {
  const clients = await cluster.clients();
  const rows = cluster.members.map((member) => {
    const state = member.pid === undefined && member.note !== '' ? `${member.state} (${member.note})` : member.state;
    const log = member.kind === 'joined' ? member.logFile : relative('', member.logFile);
    return [member.name, member.pid === undefined ? '-' : String(member.pid), state, member.address, clients.get(member.name) ?? '', log];
  });
  return table(['name', 'pid', 'state', 'listens at', 'haproxy', 'log'], rows);
}
