/** npm run bench [name …] [--long] [--runs N] [--clients N]: the measurements, one after the other. */
import { cpus } from 'node:os';
import '../scripts/build-if-needed.mjs';
import { endAll } from './ending.ts';
import { measurements } from './measurements.ts';
import { readOptions } from './options.ts';

const { names, options } = readOptions(process.argv.slice(2));
const unknown = names.filter((name) => !(name in measurements));
if (unknown.length > 0) {
  console.error(`There is no measurement "${unknown.join('", "')}". There are: ${Object.keys(measurements).join(', ')}.`);
  process.exit(1);
}
console.log(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}; clients, servers and what is measured share them`);
for (const [name, measure] of Object.entries(measurements)) {
  if (names.length > 0 && !names.includes(name)) continue;
  console.log(`\n${name}`);
  try {
    await measure(options);
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  } finally {
    await endAll();
  }
}
// Sockets of clients that were cut off may still be trying.
process.exit();
