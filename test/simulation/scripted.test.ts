/** What heals in several ways must heal in the quickest: here a test says what is lost, and when. */
import { SESSION } from './around.ts';
import { FINE } from './fate.ts';
import type { Plan, Step } from './plan.ts';
import { prove } from './play.ts';
import { World } from './world.ts';

/** A world whose first reply has begun. */
async function replying(paceMs: number): Promise<World> {
  const world = new World({ continuation: 'prefill', owners: 2, apart: false, ais: 1, tabs: 1, whole: false, weather: FINE, tape: [], paceMs }, true);
  world.tabs[0]!.store.send('question ');
  expect(await world.scheduler.runUntil(() => textOf(world) !== '', 5_000)).toBe(true);
  return world;
}

const reply = (world: World) => [...world.witness.of(SESSION).messages.values()].find(({ role }) => role === 'assistant');
const textOf = (world: World): string => reply(world)?.content ?? '';

test('V18 text behind a lost chunk comes as soon as the hole is seen', async () => {
  const world = await replying(150);
  const before = textOf(world).length;
  world.network.losing = 1;
  await world.scheduler.runUntil(() => world.network.losing === 0, 400);
  expect(await world.scheduler.runUntil(() => textOf(world).length > before, 200)).toBe(true);
});

test('V19 an end that was lost comes again within the resend, without a question', async () => {
  const world = await replying(20);
  world.network.losing = Infinity;
  expect(await world.scheduler.runUntil(() => world.calls.every(({ open }) => !open), 2_000)).toBe(true);
  await world.scheduler.runUntil(() => false, 20);
  world.network.losing = 0;
  expect(await world.scheduler.runUntil(() => reply(world)?.status === 'complete', 1_400)).toBe(true);
  expect(await world.scheduler.runUntil(() => world.ais().every(({ runs }) => runs.views().length === 0), 300)).toBe(true);
});

test('V20 a run hears nobody whose epoch is over', async () => {
  const world = await replying(150);
  const { runs } = world.ais()[0]!;
  const { runId, epoch } = runs.views()[0]!;
  expect(runs.attach({ runId, ownerNode: 'owner-2', epoch: epoch + 1, offset: textOf(world).length })).toEqual({ known: true });
  expect(runs.cancel({ runId, epoch })).toEqual({ known: false });
  expect(runs.views()).toHaveLength(1);
});

/** An owner without a gateway beside it, whose frames go through gate-3; its one tab reads at gate-2. */
const apart: Plan = { continuation: 'prefill', owners: 1, apart: true, ais: 1, tabs: 1, whole: false, weather: FINE, tape: new Uint8Array(), paceMs: 0, steps: [] };
const step = (after: number, deed: Step['deed'], which: number): Step => ({ after, deed, which, ms: 0 });

test.each(['stop-owner', 'kill-owner'] as const)('V21 what a gateway took with it is missed by nobody, though its owner goes before anyone knows: %s', async (deed) => {
  await prove({ ...apart, steps: [step(100, 'kill-owner', 2), step(0, 'rate', 1), step(11, deed, 0)] });
});

test('V22 who is taken for dead and lives does not write its older memory anew when the store forgets that', async () => {
  // By this tape the second tab is at the other owner; the first one renews some 14 ms before it is taken for dead.
  const two: Plan = { ...apart, owners: 2, apart: false, tabs: 2, tape: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1) };
  await prove({ ...two, steps: [step(320, 'expel-owner', 2), step(20, 'regenerate', 1), step(116, 'store-empty', 0), step(2_000, 'send', 1)] });
});
