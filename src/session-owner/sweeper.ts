/** Finds sessions that nobody looks after: a reply that is open, or a message history lacks, without an owner. */
import { every } from '../clock.ts';
import { HeldElsewhere, type SessionDirectory } from './directory.ts';
import type { OwnerWorld } from './owner-settings.ts';

const AT_ONCE = 50;
const EXPIRE_EVERY_MS = 10_000;

/** Sweeps at once and then again and again, jittered. The returned function ends it. */
export function startSweeping(world: OwnerWorld, directory: SessionDirectory): () => void {
  const { SWEEP_MS } = world.settings;
  void sweep(world, directory);
  const stops = [
    every(world.clock, () => SWEEP_MS * (0.5 + world.random()), () => sweep(world, directory)),
    every(world.clock, () => EXPIRE_EVERY_MS, () => guarded(world, () => world.log.expire(world.clock.now()))),
  ];
  return () => stops.forEach((stop) => stop());
}

async function sweep(world: OwnerWorld, directory: SessionDirectory): Promise<void> {
  await guarded(world, async () => {
    const abandoned = await world.leases.abandoned(AT_ONCE);
    await Promise.all(abandoned.filter((id) => !directory.isLive(id)).map((id) => guarded(world, () => adopt(directory, id))));
  });
}

async function adopt(directory: SessionDirectory, sessionId: string): Promise<void> {
  try {
    await directory.actor(sessionId);
  } catch (err) {
    // Another node was faster: that is what the lock is for.
    if (!(err instanceof HeldElsewhere)) throw err;
  }
}

/** The next sweep tries again; until then the store's trouble is only logged. */
async function guarded(world: OwnerWorld, task: () => Promise<void>): Promise<void> {
  try {
    await task();
  } catch (err) {
    world.ports.logger.warn({ err }, 'sweep failed; trying again');
  }
}
