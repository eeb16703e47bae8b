/** What Redis runs: each script call that was made, with the commands that the script itself made of it. */
import type { Redis } from 'ioredis';

export interface ScriptCall {
  args: string[];
  /** Names of the commands within. */
  did: string[];
}

const ends: (() => void)[] = [];
afterAll(() => {
  for (const end of ends.splice(0)) end();
});

/** From now on, until the test file ends. MONITOR tells a script's call first and then what it does. */
export async function watchScripts(redis: Redis): Promise<ScriptCall[]> {
  const calls: ScriptCall[] = [];
  const monitor = await redis.monitor();
  ends.push(() => monitor.disconnect());
  monitor.on('monitor', (_time: string, args: string[], source: string) => {
    const [name = ''] = args;
    if (source === 'lua') calls.at(-1)?.did.push(name.toLowerCase());
    else if (/^evalsha|^eval$/i.test(name)) calls.push({ args, did: [] });
  });
  return calls;
}
