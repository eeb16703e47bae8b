/** What heals in several ways must heal in the quickest: here a test says what is lost, and when. */
import { SESSION } from './around.ts';
import { FINE } from './fate.ts';
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
