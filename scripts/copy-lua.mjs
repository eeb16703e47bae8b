// Redis gets the scripts of the cluster's stores as text: the compiler leaves them where they are.
import { cpSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = 'src/backends/cluster/lua';
const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
cpSync(at(folder), at(`dist/${folder}`), { recursive: true });
