/**
 * How other terminals speak to a running cluster: one request as a line of JSON, answered by lines of JSON,
 * `{line}` any number of times and `{ok}` at the end. Of `join` the connection stays: while it lasts, the node is there.
 */
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { Cluster } from './cluster.ts';
import type { Joining } from './joined-member.ts';
import { report } from './report.ts';

export type Request =
  | { command: 'status' | 'end' }
  | { command: 'start' | 'stop'; name: string }
  | { command: 'haproxy'; text: string }
  | ({ command: 'join' } & Joining);

export type Answer = { line: string } | { ok: boolean };

const LONGEST_REQUEST = 10_000;

export function openControl(cluster: Cluster, path: string, endAll: () => Promise<void>): Promise<Server> {
  // Of a cluster that was killed; nobody listens there, or the state would have said so.
  rmSync(path, { force: true });
  const server = createServer((socket) => serve(socket, cluster, endAll));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve(server));
  });
}

function serve(socket: Socket, cluster: Cluster, endAll: () => Promise<void>): void {
  let text = '';
  const tell = (answer: Answer): void => void socket.write(`${JSON.stringify(answer)}\n`);
  socket.on('error', () => socket.destroy());
  socket.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    if (text.length > LONGEST_REQUEST) socket.destroy();
    if (!text.includes('\n')) return;
    socket.removeAllListeners('data').resume();
    answer(text, cluster, endAll, tell, socket).then(
      (stays) => {
        tell({ ok: true });
        if (!stays) socket.end();
      },
      (error: unknown) => {
        tell({ line: error instanceof Error ? error.message : String(error) });
        tell({ ok: false });
        socket.end();
      },
    );
  });
}

/** Answers whether the connection stays open. */
async function answer(text: string, cluster: Cluster, endAll: () => Promise<void>, tell: (answer: Answer) => void, socket: Socket): Promise<boolean> {
  const request = JSON.parse(text) as Request;
  switch (request.command) {
    case 'status':
      for (const line of await report(cluster)) tell({ line });
      return false;
    case 'start': {
      const { name, pid, address } = await cluster.startMember(request.name);
      tell({ line: `${name} is ready (pid ${pid}, ${address})` });
      return false;
    }
    case 'stop': {
      const began = Date.now();
      const how = await cluster.member(request.name).stop();
      tell({ line: `${request.name}: ${how}, after ${((Date.now() - began) / 1000).toFixed(1)} s` });
      return false;
    }
    case 'haproxy':
      for (const line of (await cluster.askHaproxy(request.text)).trimEnd().split('\n')) tell({ line });
      return false;
    case 'end':
      await endAll();
      tell({ line: 'The cluster has ended; its data stays.' });
      return false;
    case 'join': {
      const leave = await cluster.join(request);
      if (socket.destroyed) leave();
      else socket.once('close', leave);
      return true;
    }
  }
}
