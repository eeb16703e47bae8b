/** The trouble the fake stores can make is the trouble it says it is. */
import { batch, deltas, ownedSession } from '../../contract/samples.ts';
import { Faults } from '../../support/fakes/faults.ts';
import { MemoryWorld } from '../../support/fakes/memory-backends.ts';

const refuse = (): never => {
  throw new Error('store unreachable');
};

async function world() {
  const memory = new MemoryWorld();
  const faults = new Faults();
  const stores = memory.backends(faults);
  return { memory, faults, stores, other: memory.backends(), owned: await ownedSession(stores) };
}

test('a write refused before leaves nothing, one refused after is there and is recognised', async () => {
  const { faults, stores, owned } = await world();
  const request = batch(owned, deltas(2));
  faults.beforeWrite = refuse;
  await expect(stores.log.append(request)).rejects.toThrow('store unreachable');
  faults.heal();
  expect(await stores.log.meta(owned.lease.sessionId)).toMatchObject({ head: 0 });
  faults.afterWrite = refuse;
  await expect(stores.log.append(request)).rejects.toThrow('store unreachable');
  faults.heal();
  expect(await stores.log.append(request)).toMatchObject({ status: 'already' });
  expect(await stores.log.meta(owned.lease.sessionId)).toMatchObject({ head: 2 });
});

test('a slow write of one node lets another node pass, and is fenced when its turn comes', async () => {
  const { faults, stores, other, memory, owned } = await world();
  let arrive = (): void => {};
  faults.beforeWrite = (call) => (call.op === 'log.append' ? new Promise<void>((resolve) => (arrive = resolve)) : undefined);
  const late = stores.log.append(batch(owned, deltas(2)));
  memory.loseNode(owned.lease.nodeId);
  await other.leases.join('other', { lost: () => {}, storeLost: () => {} });
  const claim = await other.leases.claim(owned.lease.sessionId, 'other');
  expect(claim.status).toBe('claimed');
  arrive();
  expect(await late).toEqual({ status: 'fenced' });
});

test('a lost node is told, and reads can fail too', async () => {
  const { faults, stores, memory } = await world();
  let lost = 0;
  await stores.leases.join('told', { lost: () => void (lost += 1), storeLost: () => {} });
  memory.loseNode('told');
  expect(lost).toBe(1);
  faults.beforeRead = refuse;
  await expect(stores.leases.abandoned(1)).rejects.toThrow('store unreachable');
});

test('a restart frees the leases and gives every log another logId', async () => {
  const { stores, memory, owned } = await world();
  await stores.log.append(batch(owned, deltas(2)));
  memory.restart();
  const after = await stores.log.read(owned.lease.sessionId, 0);
  expect(after?.events).toEqual(deltas(2));
  expect(after?.meta.logId).not.toBe(owned.meta.logId);
  expect(await stores.leases.abandoned(9)).toEqual([owned.lease.sessionId]);
  expect(await stores.log.append(batch(owned, deltas(1, 3)))).toEqual({ status: 'fenced' });
});
