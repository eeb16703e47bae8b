/** What `EventLog.restore` must do where a store can lose what it acknowledged. (One that cannot answers `refused`, always.) */
import type { LogMeta, RestoreRequest } from '../../src/backends/contracts.ts';
import { newLogId } from '../../src/ids.ts';
import type { LeaseHarness } from './lease-store-contract.ts';
import { AT, auditEntry, batch, claimed, deltas, HARD_TEXT, joinedNode, ownedSession, type Owned } from './samples.ts';

const run = { runId: 'run-1', replyId: 'reply', baseOffset: 3, aiNode: 'ai-1', attempt: 2 };
const op = (id: string, messageId = 'm1') => ({ id, result: { messageId, replyId: `reply-of-${messageId}` } });

export function restoreContract(name: string, make: () => Promise<LeaseHarness>): void {
  describe(`EventLog.restore: ${name}`, () => {
    let stores: LeaseHarness;
    beforeAll(async () => {
      stores = await make();
    });
    afterAll(() => stores.close());

    test('R30 the log is written anew under a new log id and a higher epoch; only the new lease counts', async () => {
      const owned = await written();
      const request = requestOf(owned, { title: HARD_TEXT, updatedAt: AT, rev: 9, nextPosition: 5, messageCount: 4, tip: 'm4', tipParent: 'm3', settings: { model: 'm', systemPrompt: HARD_TEXT }, pinned: true, share: { id: 'secret', tip: 'm2', title: HARD_TEXT, createdAt: AT }, run, deleted: true });
      const lease = await restored(request);
      expect(lease).toEqual({ ...owned.lease, epoch: expect.any(Number) });
      expect(lease.epoch).toBeGreaterThan(owned.lease.epoch);
      expect(await stores.log.read(lease.sessionId, 0)).toEqual({ meta: request.meta, events: request.events });
      expect(await stores.leases.owner(lease.sessionId)).toEqual({ nodeId: lease.nodeId, epoch: lease.epoch });
      expect(await stores.log.append(batch(owned, deltas(1, 6)))).toEqual({ status: 'fenced' });
      const now = { lease, meta: request.meta };
      expect(await stores.log.append(batch(now, deltas(1, 6), { logId: owned.meta.logId }))).toMatchObject({ status: 'mismatch', head: 3 });
      expect(await stores.log.append(batch(now, deltas(1, 4)))).toMatchObject({ status: 'appended' });
    });

    test('R31 operations that survived stay beside the restored ones, with their first answers', async () => {
      const owned = await written();
      await stores.log.append(batch(owned, [], { firstSeq: 6, ops: [op('survived'), op('both')] }));
      await restored(requestOf(owned, {}, { ops: [op('both', 'later'), op('lost')] }));
      for (const { id, result } of [op('survived'), op('both'), op('lost')]) {
        expect(await stores.log.findOp(owned.meta.sessionId, id)).toEqual(result);
      }
    });

    test('R32 refused once anybody has claimed the session since, and nothing is written', async () => {
      const byAnother = await written();
      await stores.leases.release(byAnother.lease);
      await claimed(stores, byAnother.meta.sessionId, await joinedNode(stores));
      await expectRefused(byAnother);
      const byItself = await written();
      await claimed(stores, byItself.meta.sessionId, byItself.lease.nodeId);
      await expectRefused(byItself);
      const claimedAndReleased = await written();
      await stores.leases.release(await claimed(stores, claimedAndReleased.meta.sessionId, claimedAndReleased.lease.nodeId));
      await expectRefused(claimedAndReleased);
    });

    test('R32 refused to a node that left', async () => {
      const owned = await written();
      await stores.leases.leave(owned.lease.nodeId);
      await expectRefused(owned);
    });

    test('R33 the same request again answers the same lease and writes nothing twice', async () => {
      const owned = await written();
      const entry = auditEntry({ sessionId: owned.meta.sessionId });
      const request = requestOf(owned, {}, { audit: [entry] });
      const lease = await restored(request);
      expect(await stores.log.restore(request)).toEqual({ status: 'restored', lease });
      const entries = (await stores.outbox.peek(100_000)).map((item) => item.entry);
      expect(entries.filter((each) => each.id === entry.id)).toEqual([entry]);
      expect(await stores.log.append(batch({ lease, meta: request.meta }, deltas(1, 4)))).toMatchObject({ status: 'appended' });
    });

    test('R34 a restored session is unsaved exactly when history lacks something of it', async () => {
      const [lacking, known] = [await written(), await written()];
      const leases = [
        await restored(requestOf(lacking, { storedThrough: 2 })),
        await restored(requestOf(known, { head: 0, storedThrough: 0 }, { events: [] })),
      ];
      for (const lease of leases) await stores.leases.release(lease);
      const abandoned = await stores.leases.abandoned(100_000);
      expect(abandoned).toContain(lacking.meta.sessionId);
      expect(abandoned).not.toContain(known.meta.sessionId);
      const lease = await claimed(stores, lacking.meta.sessionId, lacking.lease.nodeId);
      expect(await stores.log.acknowledge(lease, 3)).toBe(true);
      await stores.leases.release(lease);
      expect(await stores.leases.abandoned(100_000)).not.toContain(lacking.meta.sessionId);
    });

    test('R30 a restore of which one part cannot be written leaves everything as it was', async () => {
      const owned = await written();
      const impossible = auditEntry({ data: { n: 1n } });
      await expect(stores.log.restore(requestOf(owned, {}, { audit: [impossible] }))).rejects.toThrow();
      expect((await stores.log.read(owned.meta.sessionId, 0))?.events).toEqual(deltas(5));
      expect(await stores.log.append(batch(owned, deltas(1, 6)))).toMatchObject({ status: 'appended' });
    });

    /** A session with five events, of which the store is then said to have lost some. */
    async function written(): Promise<Owned> {
      const owned = await ownedSession(stores);
      await stores.log.append(batch(owned, deltas(5)));
      return owned;
    }

    async function restored(request: RestoreRequest) {
      const result = await stores.log.restore(request);
      if (result.status !== 'restored') throw new Error('the restore was refused');
      return result.lease;
    }

    async function expectRefused(owned: Owned): Promise<void> {
      const { sessionId } = owned.meta;
      const before = { read: await stores.log.read(sessionId, 0), owner: await stores.leases.owner(sessionId) };
      const entry = auditEntry({ sessionId });
      expect(await stores.log.restore(requestOf(owned, {}, { ops: [op('refused')], audit: [entry] }))).toEqual({ status: 'refused' });
      expect({ read: await stores.log.read(sessionId, 0), owner: await stores.leases.owner(sessionId) }).toEqual(before);
      expect(await stores.log.findOp(sessionId, 'refused')).toBeNull();
      expect((await stores.outbox.peek(100_000)).filter((item) => item.entry.id === entry.id)).toEqual([]);
    }
  });
}

function requestOf({ lease, meta }: Owned, over: Partial<LogMeta> = {}, rest: Partial<RestoreRequest> = {}): RestoreRequest {
  const whole: LogMeta = { ...meta, logId: newLogId(), head: 3, firstSeq: 1, storedThrough: 0, ...over };
  return { lease, meta: whole, events: deltas(3, 1, 'restored '), ops: [], audit: [], ...rest };
}
