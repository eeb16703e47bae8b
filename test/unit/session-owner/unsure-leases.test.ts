import type { LeaseStore } from '../../../src/backends/contracts.ts';
import type { OwnerWorld } from '../../../src/session-owner/owner-settings.ts';
import { UnsureLeases } from '../../../src/session-owner/unsure-leases.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

const holder = (nodeId: string): Pick<LeaseStore, 'owner'> => ({ owner: async () => ({ nodeId, epoch: 1 }) });

async function adopted(unsure: UnsureLeases): Promise<string[]> {
  const found: string[] = [];
  await unsure.revisit(() => false, async (sessionId) => void found.push(sessionId));
  return found;
}

test('V31 after the store lost its last writes, what this node gave back lately and holds again is found', async () => {
  const parts: Partial<Record<keyof OwnerWorld, unknown>> = { nodeId: 'here', clock: virtualClock(), leases: holder('here') };
  const unsure = new UnsureLeases(parts as OwnerWorld);
  unsure.gaveBack('s1');
  unsure.gaveBack('s2');
  expect(await adopted(unsure)).toEqual([]);
  unsure.storeLost();
  expect(await adopted(unsure)).toEqual(['s1', 's2']);
});

test('V31 only the last thousand are remembered, and what another node holds is left alone', async () => {
  const parts: Partial<Record<keyof OwnerWorld, unknown>> = { nodeId: 'here', clock: virtualClock(), leases: holder('there') };
  const unsure = new UnsureLeases(parts as OwnerWorld);
  for (let n = 0; n < 1_200; n += 1) unsure.gaveBack(`s${n}`);
  unsure.storeLost();
  expect(unsure.size).toBe(1_000);
  expect(await adopted(unsure)).toEqual([]);
});
