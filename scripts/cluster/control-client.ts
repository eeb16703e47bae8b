/** Speaks to a running cluster, see control-server.ts. */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { Answer, Request } from './control-server.ts';

/** Prints each line; answers whether it went well. Rejects when nobody listens there. */
export function ask(path: string, request: Request, print: (line: string) => void): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.write(`${JSON.stringify(request)}\n`));
    socket.once('error', reject);
    let ok = false;
    const lines = createInterface({ input: socket });
    lines.on('line', (text) => {
      const answer = JSON.parse(text) as Answer;
      if ('line' in answer) print(answer.line);
      else ok = answer.ok;
    });
    lines.once('close', () => resolve(ok));
  });
}
