/** The audit entry of a takeover: it has no append to ride on, and is added again until the outbox has it. */
import type { SessionActor } from './actor.ts';
import type { OwnerWorld } from './owner-settings.ts';

/** Never rejects. The id belongs to the claim's epoch, so an answer that was lost makes a repeat, not a second claim. */
export async function auditClaim(world: OwnerWorld, actor: SessionActor): Promise<void> {
  if (world.settings.AUDIT === 'off') return;
  const entry = actor.claimed();
  while (!actor.isGone) {
    try {
      return await world.outbox.add([entry]);
    } catch (err) {
      world.ports.logger.warn({ err, session: actor.sessionId, epoch: actor.lease.epoch }, 'a takeover is not in the audit yet; trying again');
      await new Promise<void>((resolve) => world.clock.after(world.settings.STORE_RETRY_MS, resolve));
    }
  }
}
