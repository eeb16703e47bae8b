/** What Redis runs: each script call that was made, with the commands that the script itself made of it. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

export interface ScriptCall {
  args: string[];
  /** Names of the commands within. */
  did: string[];
}

/** `+1795324979.780494 [0 127.0.0.1:36640] "evalsha" "39c9…" …`; the commands of a script come from `lua`. */
const LINE = /^\+[\d.]+ \[\d+ (\S+)\] (.*)$/;
const ARGUMENT = /"((?:[^"\\]|\\.)*)"/g;

const ends: (() => void)[] = [];
afterAll(() => {
  for (const end of ends.splice(0)) end();
});

/**
 * From now on, until the test file ends. MONITOR tells a script's call first and then what it does. By a connection of
 * our own: ioredis takes lines that come in one packet with the first answer for answers.
 */
export async function watchScripts(port: number): Promise<ScriptCall[]> {
  const calls: ScriptCall[] = [];
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  ends.push(() => socket.destroy());
  const lines = createInterface({ input: socket });
  lines.on('line', (line) => {
    const [, source, rest = ''] = LINE.exec(line) ?? [];
    const args = [...rest.matchAll(ARGUMENT)].map(([, text = '']) => text);
    const name = (args[0] ?? '').toLowerCase();
    if (source === 'lua') calls.at(-1)?.did.push(name);
    else if (name === 'evalsha' || name === 'eval') calls.push({ args, did: [] });
  });
  socket.write('MONITOR\r\n');
  await once(lines, 'line');
  return calls;
}
