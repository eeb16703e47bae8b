/**
 * Whole clusters in virtual time, under trouble that fast-check makes up and shrinks. One run of one plan is one
 * interleaving: an order in which messages, timers and faults took effect, played until all is at rest and then checked.
 * SIM_SCALE: so many times 100,000 runs (npm test: 0.25; 1 takes some minutes of one core; npm run test:long: 10); SIM_SEED: fast-check's seed.
 */
import fc from 'fast-check';
import { FINE } from './fate.ts';
import { AI_DEEDS, CLIENT_DEEDS, DEEDS, OWNER_DEEDS, plans, STORE_DEEDS, VERSION_DEEDS, type Plan } from './plan.ts';
import { play, prove } from './play.ts';
import type { World } from './world.ts';

const { LONG, SIM_SCALE = LONG === '1' ? '10' : '0.25', SIM_SEED } = process.env;
const seed = SIM_SEED === undefined ? {} : { seed: Number(SIM_SEED) };
const LIMIT_MS = 3_600_000;

/** A counterexample is made smaller for this long, in ms. */
const SHRINK_MS = 10_000;

/** A property that proves plans, and tells `then` of each world. */
function proving(plan: fc.Arbitrary<Plan>, then: (world: World) => void = () => {}): fc.IAsyncProperty<[Plan]> {
  let shrinkUntil = Infinity;
  return fc.asyncProperty(plan, async (it) => {
    if (Date.now() > shrinkUntil) return;
    try {
      then(await prove(it));
    } catch (err) {
      shrinkUntil = Math.min(shrinkUntil, Date.now() + SHRINK_MS);
      throw err;
    }
  });
}

/** Proves so many plans; nearly all of them must be different interleavings. */
async function explore(plan: fc.Arbitrary<Plan>, runs: number, also: (world: World) => void = () => {}): Promise<void> {
  const numRuns = Math.ceil(runs * Number(SIM_SCALE));
  const seen = new Set<number>();
  await fc.assert(proving(plan, (world) => {
    seen.add(world.scheduler.trace);
    also(world);
  }), { numRuns, ...seed });
  expect(seen.size).toBeGreaterThan(numRuns * 0.9);
}

const fine = (plan: Plan): Plan => ({ ...plan, weather: FINE });

/** Most replies end before the next thing is asked. */
const slow = (plan: Plan): Plan => ({ ...plan, steps: plan.steps.map((step) => ({ ...step, after: step.after * 4 })) });

test('V10 in whatever order messages arrive, every tab ends with what the log and history have', async () => {
  await explore(plans(2, CLIENT_DEEDS).map(fine), 30_000, ({ tabs }) => {
    for (const { name, mode, opens, connections } of tabs) if (mode === 'delta' && opens > connections) throw new Error(`${name} had to open its session again, and nothing was lost`);
  });
}, LIMIT_MS);

test('V11 chunks and calls may be lost, doubled or late, and models may fail', async () => {
  await explore(plans(2, CLIENT_DEEDS), 25_000);
}, LIMIT_MS);

test('V12 owners and gateways may be killed, stopped, paused, cut off and taken for dead', async () => {
  await explore(plans(3, ['send', 'cancel', 'rename', ...OWNER_DEEDS]), 20_000);
}, LIMIT_MS);

test('V13 ai nodes may be killed, stopped and paused', async () => {
  await explore(plans(3, ['send', 'cancel', ...AI_DEEDS]), 10_000);
}, LIMIT_MS);

test('V14 stores may be away, lose their last writes, be emptied, and forget what is old', async () => {
  await explore(plans(3, ['send', 'repeat', 'rename', ...STORE_DEEDS]), 10_000);
}, LIMIT_MS);

test('V15 all of that may come together', async () => {
  await explore(plans(8, DEEDS), 5_000);
}, LIMIT_MS);

test('T18 versions are made, repeated and selected, in whatever order and beside all of that', async () => {
  await explore(plans(6, ['send', 'cancel', ...VERSION_DEEDS]).map(fine).map(slow), 5_000);
  await explore(plans(12, [...DEEDS, ...VERSION_DEEDS, ...VERSION_DEEDS, ...VERSION_DEEDS]).map(slow), 10_000);
}, LIMIT_MS);

test('V16 a plan repeats its run step by step', async () => {
  for (const plan of fc.sample(plans(8, DEEDS), { numRuns: 20, seed: 7 })) {
    const [{ world: one }, { world: two }] = [await play(plan), await play(plan, true)];
    expect([two.scheduler.trace, two.scheduler.steps, two.scheduler.now]).toEqual([one.scheduler.trace, one.scheduler.steps, one.scheduler.now]);
  }
});

test('V17 the simulation can fail: a store without a fence is found, shrunk, and told as a story', async () => {
  const plan = plans(3, OWNER_DEEDS).map((it) => ({ ...it, unfenced: true }));
  const found = await fc.check(proving(plan), { numRuns: 2_000, seed: 1 });
  expect(found.failed).toBe(true);
  expect(found.counterexample?.[0].steps.length).toBeLessThanOrEqual(3);
  const story = String(found.errorInstance);
  expect(story).toContain('stale write');
  expect(story).toMatch(/\n +\d+ ms {2}owner-\d {2}session claimed/);
}, 60_000);
