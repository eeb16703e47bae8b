/** `npm run cluster -- logs <name> [-f]`: the end of a member's log, pretty on a terminal. */
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { prettyFactory } from 'pino-pretty';
import type { ClusterFolder } from './cluster-folder.ts';

const LINES = 100;
const TAIL_BYTES = 256 * 1024;
const LOOK_EVERY_MS = 200;

/** Answers whether there is such a log. */
export async function showLog(folder: ClusterFolder, name: string, follow: boolean, print: (line: string) => void): Promise<boolean> {
  const file = folder.logOf(name);
  if (!existsSync(file)) {
    const names = existsSync(folder.path) ? readdirSync(folder.path).filter((each) => existsSync(folder.logOf(each))) : [];
    print(names.length > 0 ? `there is no log of "${name}"; there are ${names.join(', ')}` : 'there are no logs: nothing was started yet');
    return false;
  }
  const show = process.stdout.isTTY ? pretty(print) : print;
  const log = openSync(file, 'r');
  const from = Math.max(0, fstatSync(log).size - TAIL_BYTES);
  const first = read(log, from);
  first.text.split('\n').filter((line) => line !== '').slice(-LINES).forEach(show);
  let { end } = first;
  while (follow) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    const more = read(log, end);
    more.text.split('\n').filter((line) => line !== '').forEach(show);
    end = more.end;
  }
  closeSync(log);
  return true;
}

/** Whole lines from there on, and where the next one begins. */
function read(log: number, from: number): { text: string; end: number } {
  const bytes = Buffer.alloc(Math.max(0, fstatSync(log).size - from));
  const count = readSync(log, bytes, 0, bytes.length, from);
  const whole = bytes.subarray(0, count).lastIndexOf(0x0a) + 1;
  return { text: bytes.subarray(0, whole).toString('utf8'), end: from + whole };
}

function pretty(print: (line: string) => void): (line: string) => void {
  const format = prettyFactory({ colorize: true, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname' });
  return (line) => print(line.startsWith('{') ? format(line).trimEnd() : line);
}
