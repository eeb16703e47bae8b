// npm run test:long: the whole suite with the long counts (LONG=1), for minutes instead of seconds.
// The simulation, a computation of the better part of an hour, runs beside the rest as a process of low priority. With
// arguments jest runs them alone.
import { execFileSync, spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';

const SIMULATION = 'test/simulation/simulation.test.ts';
const SUMMARY = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m;

const root = fileURLToPath(new URL('..', import.meta.url));
const asked = process.argv.slice(2);
process.exitCode = await (asked.length > 0 ? one(asked) : both());

async function one(args) {
  return (await jest(args).ended).code;
}

async function both() {
  // Once, before both would.
  execFileSync(process.execPath, ['scripts/build-if-needed.mjs'], { cwd: root, stdio: 'inherit' });
  const simulation = jest([SIMULATION], { quiet: true });
  setPriority(simulation.pid, constants.priority.PRIORITY_LOW);
  const rest = jest([`--testPathIgnorePatterns=${SIMULATION}`]);
  const ends = await Promise.all([simulation.ended, rest.ended]);
  process.stdout.write(ends[0].output);
  console.log(sum(ends.map(({ output }) => output)));
  return ends.find(({ code }) => code !== 0)?.code ?? 0;
}

/** Jest with these arguments; `quiet`: what it prints is only kept. */
function jest(args, { quiet = false } = {}) {
  const child = spawn(process.execPath, ['node_modules/jest/bin/jest.js', '--testTimeout=1800000', ...args], {
    cwd: root,
    env: { ...process.env, LONG: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => {
      output += text;
      if (!quiet) process[name].write(text);
    });
  }
  const ended = new Promise((resolve) => child.on('close', (code) => resolve({ code: code ?? 1, output })));
  return { pid: child.pid, ended };
}

/** The last lines of several runs as one; a run without one failed. */
function sum(outputs) {
  const [passed, failed, skipped] = [1, 2, 3].map((at) => outputs.reduce((all, output) => all + Number((SUMMARY.exec(output) ?? [0, 0, 1, 0])[at]), 0));
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
