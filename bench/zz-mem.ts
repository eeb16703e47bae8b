import '../scripts/build-if-needed.mjs';
import { idleMemory } from './cluster/idle-memory.ts';
import { endAll } from './ending.ts';
await idleMemory({ long: false, clients: 2000 } as never);
await endAll(); process.exit();
