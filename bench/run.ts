/** npm run bench [name …]: the measurements, one after the other. */
import { cpus } from 'node:os';
import '../scripts/build-if-needed.mjs';
import { carry } from './carry.ts';
import { hop } from './hop.ts';
import { stop } from './stop.ts';

const measurements: Record<string, () => Promise<void>> = { hop, carry, stop };

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in measurements));
if (unknown.length > 0) {
  console.error(`There is no measurement "${unknown.join('", "')}". There are: ${Object.keys(measurements).join(', ')}.`);
  process.exit(1);
}
console.log(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}; clients and model server share them`);
for (const [name, measure] of Object.entries(measurements)) if (wanted.length === 0 || wanted.includes(name)) await measure();
