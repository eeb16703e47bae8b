/** What `EventLog.expire` must do where it does something (a store that expires by itself has its own tests). */
import type { LeaseHarness } from './lease-store-contract.ts';
import { batch, claimed, deltas, joinedNode, ownedSession, seedOf, type Owned } from './samples.ts';

/** As the store under test was told, in ms. */
export interface RetentionUnderTest {
  events: number;
  wholeLogs: number;
  emptyLogs: number;
}

export function eventLogExpiryContract(name: string, retention: RetentionUnderTest, make: () => Promise<LeaseHarness>): void {
  describe(`EventLog.expire: ${name}`, () => {
    let stores: LeaseHarness;
    beforeAll(async () => {
      stores = await make();
    });
    afterAll(() => stores.close());

    const later = (ms: number): number => Date.now() + ms + 1;
    const op = { id: 'op', result: { messageId: 'a', replyId: 'b' } };

    test('S22 events that history has go after their time, the others stay', async () => {
      const { lease } = await written(5, 3);
      await stores.log.expire(later(retention.events));
      const read = await stores.log.read(lease.sessionId, 0);
      expect(read?.meta).toMatchObject({ firstSeq: 4, head: 5, storedThrough: 3 });
      expect(read?.events).toEqual(deltas(2, 4));
    });

    test('S22 events that history does not have stay however old they are', async () => {
      const { lease } = await written(5, 0);
      await stores.leases.release(lease);
      await stores.log.expire(later(retention.wholeLogs * 10));
      expect((await stores.log.read(lease.sessionId, 0))?.events).toEqual(deltas(5));
    });

    test('S22 young events stay although history has them', async () => {
      const { lease } = await written(5, 5);
      await stores.log.expire(Date.now());
      expect((await stores.log.read(lease.sessionId, 0))?.events).toEqual(deltas(5));
    });

    test('S23 a log goes on after all its events went', async () => {
      const owned = await written(5, 5);
      await stores.log.expire(later(retention.events));
      const read = await stores.log.read(owned.lease.sessionId, 0);
      expect(read).toEqual({ meta: expect.objectContaining({ firstSeq: 6, head: 5 }), events: [] });
      expect(await stores.log.append(batch(owned, deltas(1, 6)))).toMatchObject({ status: 'appended' });
      expect((await stores.log.read(owned.lease.sessionId, 0))?.events).toEqual(deltas(1, 6));
    });

    test('S24 an idle log goes as a whole, with its operations; before that, both stay', async () => {
      const { lease } = await written(5, 5);
      await stores.leases.release(lease);
      await stores.log.expire(Date.now() + retention.wholeLogs - 60_000);
      expect(await stores.log.findOp(lease.sessionId, op.id)).toEqual(op.result);
      expect(await stores.log.meta(lease.sessionId)).toMatchObject({ head: 5 });
      await stores.log.expire(later(retention.wholeLogs));
      expect(await stores.log.meta(lease.sessionId)).toBeNull();
      expect(await stores.log.read(lease.sessionId, 0)).toBeNull();
      expect(await stores.log.findOp(lease.sessionId, op.id)).toBeNull();
    });

    test('S24 a log that is owned or not wholly saved stays', async () => {
      const owned = await written(5, 5);
      const unsaved = await written(5, 4);
      await stores.leases.release(unsaved.lease);
      await stores.log.expire(later(retention.wholeLogs));
      expect(await stores.log.meta(owned.lease.sessionId)).toMatchObject({ head: 5 });
      expect(await stores.log.findOp(owned.lease.sessionId, op.id)).toEqual(op.result);
      expect((await stores.log.read(unsaved.lease.sessionId, 0))?.events).toEqual(deltas(1, 5));
    });

    test('S24 a log that is taken while others are dropped stays whole', async () => {
      const logs = await Promise.all(Array.from({ length: 250 }, () => stores.log.create(seedOf())));
      const expiry = stores.log.expire(later(retention.emptyLogs));
      const nodeId = await joinedNode(stores);
      const owned: Owned[] = [];
      for (const meta of logs) {
        if (await stores.log.meta(meta.sessionId)) owned.push({ meta, lease: await claimed(stores, meta.sessionId, nodeId) });
      }
      await expiry;
      for (const session of owned) {
        expect(await stores.log.append(batch(session, deltas(1)))).toMatchObject({ status: 'appended' });
      }
    });

    test('S25 a log that was never written to goes after its own, shorter time', async () => {
      const { sessionId } = await stores.log.create(seedOf());
      await stores.log.expire(Date.now() + retention.emptyLogs - 60_000);
      expect(await stores.log.meta(sessionId)).not.toBeNull();
      await stores.log.expire(later(retention.emptyLogs));
      expect(await stores.log.meta(sessionId)).toBeNull();
    });

    test('O22 epochs grow across the end of a log', async () => {
      const { lease } = await written(1, 1);
      await stores.leases.release(lease);
      await stores.log.expire(later(retention.wholeLogs));
      await stores.log.create(seedOf(lease.sessionId));
      expect((await claimed(stores, lease.sessionId, lease.nodeId)).epoch).toBeGreaterThan(lease.epoch);
    });

    async function written(head: number, storedThrough: number): Promise<Owned> {
      const owned = await ownedSession(stores);
      await stores.log.append(batch(owned, deltas(head), { ops: [op] }));
      await stores.log.acknowledge(owned.lease, storedThrough);
      return owned;
    }
  });
}
