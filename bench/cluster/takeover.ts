/**
 * The owner of a session is killed, or hangs, in the middle of a reply: how long until the reply goes on in a tab on
 * another gateway, and in a tab that was connected to the one that is gone. And whether every tab and history end with
 * exactly the text of an undisturbed reply.
 */
import type { Options } from '../options.ts';
import { figures, goal, line, round } from '../stats.ts';
import { startHoldfast } from './holdfast.ts';
import { TakeoverRun, undisturbed, type Blow, type Outcome } from './takeover-run.ts';

const SIZE = { gateways: 3, ai: 3 };
const TTL_MS = 5_000;
const PACE = 50;

interface Kind {
  blow: Blow;
  title: string;
  tokens: number;
  runs: number;
  goalMs: number;
}

export async function takeoverKill({ long, runs = long ? 200 : 6 }: Options): Promise<void> {
  await measure({ blow: 'SIGKILL', title: 'SIGKILL of the owner', tokens: 150, runs, goalMs: 1_000 });
}

export async function takeoverHang({ long, runs = long ? 200 : 2 }: Options): Promise<void> {
  await measure({ blow: 'SIGSTOP', title: 'hang of the owner (SIGSTOP)', tokens: 500, runs, goalMs: TTL_MS + 500 });
}

async function measure({ blow, title, tokens, runs, goalMs }: Kind): Promise<void> {
  const demo = { AI_PROVIDER: 'demo', DEMO_TOKENS: String(tokens), DEMO_TOKENS_PER_SECOND: String(PACE), NODE_TTL_MS: String(TTL_MS) };
  const cluster = await startHoldfast(SIZE, demo);
  const expected = await undisturbed(cluster);
  const outcomes: Outcome[] = [];
  const wrong: string[] = [];
  for (let n = 0; n < runs; n += 1) {
    const run = new TakeoverRun(cluster, blow, expected, n);
    try {
      outcomes.push(await run.execute());
    } catch (error) {
      wrong.push(`run ${n}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      await run.cleanUp();
    }
    if (wrong.length >= 5) break;
  }
  const elsewhere = figures(outcomes.map((outcome) => outcome.elsewhereMs));
  const there = figures(outcomes.map((outcome) => outcome.thereMs));
  console.log(`${title}, ${SIZE.gateways} gateways, ${SIZE.ai} ai nodes, a token each ${1_000 / PACE} ms: until the reply goes on`);
  console.log(line('  tab on another gateway', elsewhere));
  console.log(line('  tab on that gateway, back through HAProxy', there));
  console.log(`  on another gateway p99 ${goal(elsewhere.p99, '<=', goalMs, ' ms')}`);
  console.log(`  equal to the undisturbed text in every tab and in history: ${outcomes.length} of ${outcomes.length + wrong.length} runs`);
  console.log(`  runs took ${round(outcomes.reduce((sum, { tookMs }) => sum + tookMs, 0) / 1_000 / Math.max(1, outcomes.length))} s each`);
  for (const what of wrong) console.log(`  WRONG ${what}`);
  if (wrong.length > 0) process.exitCode = 1;
}
