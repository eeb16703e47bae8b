/** One plan from beginning to end: one interleaving. */
import { SESSION } from './around.ts';
import { check, unsettled } from './checks.ts';
import { Troubles } from './deeds.ts';
import type { Plan } from './plan.ts';
import { World } from './world.ts';

/** Longer than any chain of timers of the product: a stalled model, five attempts, a client's own limits. */
const SETTLES_WITHIN_MS = 60_000;
/** Longer than a gateway that is back takes to call its sockets, and they to open again. */
const CALLED_WITHIN_MS = 1_000;

export interface Played {
  world: World;
  troubles: Troubles;
}

/** Plays the plan; the world's timeline has what broke. */
export async function play(plan: Plan, telling = false): Promise<Played> {
  const world = new World(plan, telling);
  const troubles = new Troubles(world);
  let at = 0;
  plan.steps.forEach((step, n) => {
    at += step.after;
    world.scheduler.after(at, null, () => troubles.carryOut(step, n + 2));
  });
  world.tabs[0]!.store.send('q1 ');
  const calm = (): boolean => {
    if (world.scheduler.now < at || troubles.lasting > 0 || unsettled(world) !== null) return false;
    // A tab whose gateway was cut off is called to open again; without events in the log nothing else shows that it must.
    const showsHead = (world.store.kept(SESSION).meta?.head ?? 0) > 0;
    return showsHead || world.scheduler.now >= troubles.overAt + CALLED_WITHIN_MS;
  };
  const settled = await world.scheduler.runUntil(calm, at + SETTLES_WITHIN_MS);
  if (settled) await check(world, troubles);
  else world.timeline.fail('check', `not settled: ${unsettled(world) ?? 'something is still away'}`);
  return { world, troubles };
}

/** Throws with a readable story when the plan breaks a rule. */
export async function prove(plan: Plan): Promise<World> {
  const { world } = await play(plan);
  if (world.timeline.violations.length === 0) return world;
  const { world: told } = await play(plan, true);
  throw new Error(`${told.timeline.violations.length} broken rules:\n${told.timeline.story()}`);
}
