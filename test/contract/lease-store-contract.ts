/** What every LeaseStore must do. `second`: another way to the same store, as another process has it. */
import { newSessionId } from '../../src/ids.ts';
import { until } from '../support/until.ts';
import { batch, claimed, deltas, joinedNode, ownedSession, seedOf, type Owned, type Stores } from './samples.ts';

export interface LeaseHarness extends Stores {
  second?: Stores;
  close: () => Promise<void>;
}

const MANY = 100_000;

export function leaseStoreContract(name: string, make: () => Promise<LeaseHarness>): void {
  describe(`LeaseStore: ${name}`, () => {
    let stores: LeaseHarness;
    beforeAll(async () => {
      stores = await make();
    });
    afterAll(() => stores.close());

    test('O20 a free session is claimed; held by a live node it is refused, naming the holder', async () => {
      const { lease } = await ownedSession(stores);
      const other = await joinedNode(stores);
      expect(await stores.leases.owner(lease.sessionId)).toEqual({ nodeId: lease.nodeId, epoch: lease.epoch });
      expect(await stores.leases.claim(lease.sessionId, other)).toEqual({ status: 'held', nodeId: lease.nodeId });
      expect(await stores.leases.owner(lease.sessionId)).toEqual({ nodeId: lease.nodeId, epoch: lease.epoch });
    });

    test('O21 of many nodes that claim a session at once, one gets it', async () => {
      const { sessionId } = await stores.log.create(seedOf());
      const nodes = await Promise.all(Array.from({ length: 20 }, () => joinedNode(stores)));
      const doors = [stores, stores.second ?? stores];
      const results = await Promise.all(nodes.map((node, i) => (doors[i % 2] ?? stores).leases.claim(sessionId, node)));
      const winners = results.filter((result) => result.status === 'claimed');
      expect(winners).toHaveLength(1);
      expect(await stores.leases.owner(sessionId)).toMatchObject({ nodeId: winners[0]?.lease.nodeId });
    });

    test('O22 epochs of a session only grow, over releases, other owners and nodes that left', async () => {
      const { lease } = await ownedSession(stores);
      const epochs = [lease.epoch];
      await stores.leases.release(lease);
      for (let i = 0; i < 3; i += 1) {
        const node = await joinedNode(stores);
        epochs.push((await claimed(stores, lease.sessionId, node)).epoch);
        await stores.leases.leave(node);
      }
      expect(epochs).toEqual([...new Set(epochs)].sort((a, b) => a - b));
      expect(epochs[0]).toBeGreaterThanOrEqual(1);
    });

    test('O23 a claim by the node that holds the session gets a higher epoch, and the older lease is fenced', async () => {
      const owned = await ownedSession(stores);
      const again = await claimed(stores, owned.lease.sessionId, owned.lease.nodeId);
      expect(again.epoch).toBeGreaterThan(owned.lease.epoch);
      expect(await stores.log.append(batch(owned, deltas(1)))).toEqual({ status: 'fenced' });
      expect(await stores.log.append(batch({ ...owned, lease: again }, deltas(1)))).toMatchObject({ status: 'appended' });
    });

    test('O24 only the current lease can be released', async () => {
      const { lease } = await ownedSession(stores);
      const current = await claimed(stores, lease.sessionId, lease.nodeId);
      await stores.leases.release(lease);
      await stores.leases.release({ ...current, nodeId: 'somebody-else' });
      expect(await stores.leases.owner(lease.sessionId)).toEqual({ nodeId: current.nodeId, epoch: current.epoch });
      await stores.leases.release(current);
      expect(await stores.leases.owner(lease.sessionId)).toBeNull();
      await stores.leases.release(current);
      expect(await stores.log.append(batch({ lease: current, meta: await metaOf(lease.sessionId) }, deltas(1)))).toEqual({
        status: 'fenced',
      });
    });

    test('O25 a node that left owns nothing, and its leases write nothing', async () => {
      const owned = await ownedSession(stores);
      const { sessionId, nodeId } = owned.lease;
      await stores.log.append(batch(owned, deltas(2)));
      await stores.leases.leave(nodeId);
      expect(await stores.leases.owner(sessionId)).toBeNull();
      expect(await stores.log.append(batch(owned, deltas(1, 3)))).toEqual({ status: 'fenced' });
      expect(await stores.log.acknowledge(owned.lease, 2)).toBe(false);
      expect(await metaOf(sessionId)).toMatchObject({ head: 2, storedThrough: 0 });
    });

    test('O26 a node that did not join, or that left, cannot claim', async () => {
      const { sessionId } = await stores.log.create(seedOf());
      await expect(stores.leases.claim(sessionId, 'node-unknown')).rejects.toThrow('has not joined');
      const node = await joinedNode(stores);
      await stores.leases.leave(node);
      await expect(stores.leases.claim(sessionId, node)).rejects.toThrow('has not joined');
      expect(await stores.leases.owner(sessionId)).toBeNull();
    });

    test('O26 a session without a log cannot be claimed', async () => {
      const node = await joinedNode(stores);
      const sessionId = newSessionId();
      await expect(stores.leases.claim(sessionId, node)).rejects.toThrow('has no log');
      expect(await stores.leases.owner(sessionId)).toBeNull();
    });

    test('O27 unsaved sessions that no live node owns are found; saved, owned and empty ones are not', async () => {
      const [unsaved, owned, saved, empty] = [await written(), await written(), await written(), await ownedSession(stores)];
      await stores.log.acknowledge(saved.lease, 2);
      for (const session of [unsaved, saved, empty]) await stores.leases.release(session.lease);
      const all = [unsaved, owned, saved, empty].map((session) => session.lease.sessionId);
      expect((await stores.leases.abandoned(MANY)).filter((id) => all.includes(id))).toEqual([unsaved.lease.sessionId]);
      await stores.leases.leave(owned.lease.nodeId);
      const found = (await stores.leases.abandoned(MANY)).filter((id) => all.includes(id));
      expect(new Set(found)).toEqual(new Set([unsaved.lease.sessionId, owned.lease.sessionId]));
    });

    test('O27 the longest unsaved session comes first, and no more than asked for', async () => {
      const sessions: Owned[] = [];
      for (let i = 0; i < 3; i += 1) {
        sessions.push(await written());
        await nextMillisecond();
      }
      // Neither a later append nor the order of the releases changes who has waited longest.
      for (const session of [...sessions].reverse()) {
        await stores.log.append(batch(session, deltas(1, 3)));
        await nextMillisecond();
        await stores.leases.release(session.lease);
      }
      const ids = sessions.map((session) => session.lease.sessionId);
      expect((await stores.leases.abandoned(MANY)).filter((id) => ids.includes(id))).toEqual(ids);
      expect(await stores.leases.abandoned(1)).toHaveLength(1);
    });

    async function written(): Promise<Owned> {
      const owned = await ownedSession(stores);
      await stores.log.append(batch(owned, deltas(2)));
      return owned;
    }

    async function metaOf(sessionId: string) {
      const meta = await stores.log.meta(sessionId);
      if (!meta) throw new Error(`no log of ${sessionId}`);
      return meta;
    }
  });
}

async function nextMillisecond(): Promise<void> {
  const now = Date.now();
  await until('the clock to move', () => Date.now() > now);
}
