/** A probe node in a process of its own: `<redis url> <name>`. Prints its id when it is there. An unhandled rejection ends it. */
import { startProbe } from './probe-node.ts';

const [url = '', name = ''] = process.argv.slice(2);
const node = await startProbe(url, name, { heartbeatMs: 1_000, timeoutMs: 4_000 });
process.stdout.write(`${node.id}\n`);
