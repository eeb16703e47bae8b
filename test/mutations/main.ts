/**
 * npm run mutations [-- --only name,name] [-- --list]: takes one guarantee after the other out of the code, in a copy,
 * and shows that a test turns red for each. A green one means that nothing would notice its loss.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { mutations, type Mutation } from './mutations.ts';
import { Workbench } from './workbench.ts';

const USAGE = 'npm run mutations [-- --only name,name] [-- --list]';
const { values } = readArguments();

function readArguments() {
  try {
    return parseArgs({ options: { only: { type: 'string' }, list: { type: 'boolean' } } });
  } catch (err) {
    console.error(`${(err as Error).message.split('.')[0]}. Usage: ${USAGE}`);
    process.exit(2);
  }
}

function chosen(): Mutation[] {
  const names = values.only?.split(',') ?? mutations.map(({ name }) => name);
  const unknown = names.filter((name) => !mutations.some((mutation) => mutation.name === name));
  if (unknown.length > 0) {
    console.error(`There is no mutation "${unknown.join('", "')}". There are: ${mutations.map(({ name }) => name).join(', ')}.`);
    process.exit(2);
  }
  return mutations.filter(({ name }) => names.includes(name));
}

function has(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}

async function run(): Promise<number> {
  const all = chosen();
  const possible = all.filter(({ needs }) => needs === undefined || has(needs));
  const bench = new Workbench();
  try {
    const files = [...new Set(possible.flatMap(({ tests }) => tests))];
    const before = await bench.test(files);
    if (before.verdict !== 'green') {
      console.error(`The tests are not green as the code is, so they can show nothing:\n${before.output.slice(-5_000)}`);
      return 1;
    }
    console.log('| taken out | what it guarantees | turns red |\n|---|---|---|');
    let missed = 0;
    for (const { name, guarantee, file, find, replace, also, tests } of possible) {
      const test = () => bench.test(tests);
      const { verdict, failed } = await bench.changed(file, find, replace, also ? () => bench.changed(also.file, also.find, also.replace, test) : test);
      if (verdict !== 'red') missed += 1;
      console.log(`| \`${name}\` | ${guarantee} | ${verdict === 'red' ? `${failed.length} tests, e.g. "${failed[0] ?? 'the run itself'}"` : '**NOTHING**'} |`);
    }
    const skipped = all.length - possible.length;
    console.log(`\n${possible.length - missed} of ${possible.length} caught${skipped > 0 ? `, ${skipped} skipped: redis-server is not there` : ''}`);
    return missed === 0 ? 0 : 1;
  } finally {
    bench.remove();
  }
}

if (values.list) for (const { name, guarantee } of mutations) console.log(`${name.padEnd(20)} ${guarantee}`);
else process.exitCode = await run();
