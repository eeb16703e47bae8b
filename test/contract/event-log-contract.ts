/** What every EventLog must do. `second`: another way to the same store, as another process has it. */
import type { AppendRequest } from '../../src/backends/contracts.ts';
import { newSessionId, randomId } from '../../src/ids.ts';
import type { Event } from '../../src/protocol/wire.ts';
import type { LeaseHarness } from './lease-store-contract.ts';
import { AT, auditEntry, batch, claimed, deltas, HARD_TEXT, ownedSession, seedOf, type Owned } from './samples.ts';

const run = { runId: 'run-1', replyId: 'reply', baseOffset: 0, aiNode: null, attempt: 1 };
const op = { id: 'op-1', result: { messageId: 'm1', replyId: 'm2' } };

export function eventLogContract(name: string, make: () => Promise<LeaseHarness>): void {
  describe(`EventLog: ${name}`, () => {
    let stores: LeaseHarness;
    beforeAll(async () => {
      stores = await make();
    });
    afterAll(() => stores.close());

    test('R20 a log is made once; making it again answers what is there, unchanged', async () => {
      const seed = seedOf(undefined, { userId: HARD_TEXT, title: HARD_TEXT, tip: 'm9', tipParent: null, nextPosition: 10, messageCount: 9 });
      const { logId, ...rest } = seed;
      const made = await stores.log.create(seed);
      expect(made).toEqual({ ...rest, logId, head: 0, firstSeq: 1, storedThrough: 0, run: null, deleted: false });
      const again = seedOf(seed.sessionId, { userId: 'another', title: 'another', rev: 99 });
      expect(await stores.log.create(again)).toEqual(made);
      expect(await stores.log.meta(seed.sessionId)).toEqual(made);
    });

    test('R20 without a log there is nothing to read', async () => {
      const sessionId = newSessionId();
      expect(await stores.log.meta(sessionId)).toBeNull();
      expect(await stores.log.read(sessionId, 0)).toBeNull();
      expect(await stores.log.findOp(sessionId, 'x')).toBeNull();
    });

    test('R21 events come back in order after any seq, with the meta of that moment', async () => {
      const owned = await ownedSession(stores);
      const events = deltas(25);
      await stores.log.append(batch(owned, events.slice(0, 10)));
      await stores.log.append(batch(owned, events.slice(10)));
      const { sessionId } = owned.lease;
      for (const after of [0, 1, 9, 10, 24]) {
        const read = await stores.log.read(sessionId, after);
        expect(read).toEqual({ meta: expect.objectContaining({ head: 25, firstSeq: 1 }), events: events.slice(after) });
      }
      expect((await stores.log.read(sessionId, 25))?.events).toEqual([]);
      expect((await stores.log.read(sessionId, 2 ** 53 - 1))?.events).toEqual([]);
    });

    test('R21 any text comes back unit by unit, a megabyte too', async () => {
      const owned = await ownedSession(stores);
      const long = `${HARD_TEXT}${'đ😀x'.repeat(262_144)}`;
      const events: Event[] = [
        { seq: 1, at: AT, type: 'message.delta', messageId: 'reply', text: HARD_TEXT },
        { seq: 2, at: AT, type: 'message.delta', messageId: 'reply', text: long },
        { seq: 3, at: AT, type: 'session.renamed', title: HARD_TEXT },
      ];
      await stores.log.append(batch(owned, events, { meta: { title: HARD_TEXT } }));
      const read = await stores.log.read(owned.lease.sessionId, 0);
      expect(read?.meta.title === HARD_TEXT).toBe(true);
      expect(JSON.stringify(read?.events) === JSON.stringify(events)).toBe(true);
    });

    test('R22 an append that does not follow the head, or names another log, is refused with where the log is', async () => {
      const owned = await ownedSession(stores);
      await stores.log.append(batch(owned, deltas(3)));
      const refused = { status: 'mismatch', logId: owned.meta.logId, head: 3 };
      for (const seq of [1, 3, 5]) expect(await stores.log.append(full(owned, deltas(2, seq)))).toEqual(refused);
      expect(await stores.log.append(full(owned, [], { firstSeq: 5 }))).toEqual(refused);
      expect(await stores.log.append(full(owned, deltas(1, 4), { logId: 'other' }))).toEqual(refused);
      await expectUntouched(owned, 3);
    });

    test('R23 events that do not follow one another are the caller\'s mistake: nothing is written', async () => {
      const owned = await ownedSession(stores);
      const [one, two, three] = deltas(3);
      if (!one || !two || !three) throw new Error('three events');
      await expect(stores.log.append(full(owned, [one, three]))).rejects.toThrow();
      await expect(stores.log.append(full(owned, [one, two, two]))).rejects.toThrow();
      await expectUntouched(owned, 0);
    });

    test('R24 events, meta, operations and audit entries are written in one step', async () => {
      const owned = await ownedSession(stores);
      const entry = auditEntry({ sessionId: owned.lease.sessionId, seq: 2, data: { text: HARD_TEXT } });
      const meta = { title: 'New', updatedAt: AT, rev: 7, nextPosition: 3, messageCount: 2, tip: 'm2', tipParent: 'm1', run, deleted: true };
      const done = await stores.log.append(batch(owned, deltas(2), { meta, ops: [op], audit: [entry] }));
      expect(done).toEqual({ status: 'appended', accumulatedUntil: 0 });
      expect(await stores.log.meta(owned.lease.sessionId)).toEqual({ ...owned.meta, ...meta, head: 2 });
      expect(await stores.log.findOp(owned.lease.sessionId, op.id)).toEqual(op.result);
      expect(await audited(owned)).toEqual([entry]);
    });

    test('R24 a batch of which one part cannot be written leaves nothing', async () => {
      const owned = await ownedSession(stores);
      // A number that JSON has no place for: found out only when everything else is on its way.
      const impossible = auditEntry({ data: { n: 1n } });
      await expect(stores.log.append(full(owned, deltas(2), { audit: [impossible] }))).rejects.toThrow();
      await expectUntouched(owned, 0);
      expect(await stores.log.append(batch(owned, deltas(2)))).toMatchObject({ status: 'appended' });
    });

    test('R24 the meta changes without events too, and only in the named fields', async () => {
      const owned = await ownedSession(stores);
      await stores.log.append(batch(owned, deltas(2), { meta: { run } }));
      const accepted = { ...run, aiNode: 'ai-1' };
      expect(await stores.log.append(batch(owned, [], { firstSeq: 3, meta: { run: accepted, title: undefined } }))).toMatchObject({
        status: 'appended',
      });
      expect(await stores.log.meta(owned.lease.sessionId)).toEqual({ ...owned.meta, head: 2, run: accepted });
    });

    test('R25 of many appends at one place, one is written', async () => {
      const owned = await ownedSession(stores);
      const doors = [stores, stores.second ?? stores];
      const appends = Array.from({ length: 20 }, (_, i) =>
        (doors[i % 2] ?? stores).log.append(batch(owned, deltas(2, 1, `writer ${i} `))),
      );
      const results = await Promise.all(appends);
      expect(results.filter((result) => result.status === 'appended')).toHaveLength(1);
      expect(results.filter((result) => result.status === 'mismatch')).toHaveLength(19);
      const winner = results.findIndex((result) => result.status === 'appended');
      expect((await stores.log.read(owned.lease.sessionId, 0))?.events).toEqual(deltas(2, 1, `writer ${winner} `));
    });

    test('O28 an append without the current lease is fenced, whatever else it says, and writes nothing', async () => {
      const owned = await ownedSession(stores);
      const { lease } = owned;
      await stores.log.append(batch(owned, deltas(3), { batchId: 'last' }));
      for (const wrong of [{ ...lease, epoch: lease.epoch - 1 }, { ...lease, epoch: lease.epoch + 1 }, { ...lease, nodeId: 'x' }]) {
        expect(await stores.log.append(full({ ...owned, lease: wrong }, deltas(1, 4)))).toEqual({ status: 'fenced' });
        expect(await stores.log.append(full({ ...owned, lease: wrong }, deltas(1, 9)))).toEqual({ status: 'fenced' });
        expect(await stores.log.append(full({ ...owned, lease: wrong }, deltas(3), { batchId: 'last' }))).toEqual({ status: 'fenced' });
        expect(await stores.log.acknowledge(wrong, 3)).toBe(false);
      }
      await expectUntouched(owned, 3);
    });

    test('O28 an append to a session without a log is fenced, and makes none', async () => {
      const owned = await ownedSession(stores);
      const sessionId = newSessionId();
      const lease = { ...owned.lease, sessionId };
      expect(await stores.log.append(full({ ...owned, lease }, deltas(1)))).toEqual({ status: 'fenced' });
      expect(await stores.log.meta(sessionId)).toBeNull();
      expect(await stores.leases.owner(sessionId)).toBeNull();
    });

    test('D20 the same batch again answers `already` and is written once', async () => {
      const owned = await ownedSession(stores);
      const request = full(owned, deltas(2));
      const results = await Promise.all([request, request, request].map((each) => stores.log.append(each)));
      expect(results.map((result) => result.status).sort()).toEqual(['already', 'already', 'appended']);
      expect(await stores.log.append(request)).toMatchObject({ status: 'already' });
      expect((await stores.log.read(owned.lease.sessionId, 0))?.events).toEqual(request.events);
      expect(await audited(owned)).toHaveLength(1);
    });

    test('D20 a batch without events is recognised too', async () => {
      const owned = await ownedSession(stores);
      const request = batch(owned, [], { meta: { rev: 2 } });
      expect(await stores.log.append(request)).toMatchObject({ status: 'appended' });
      expect(await stores.log.append(request)).toMatchObject({ status: 'already' });
    });

    test('D21 an operation keeps its first answer', async () => {
      const owned = await ownedSession(stores);
      await stores.log.append(batch(owned, deltas(1), { ops: [op] }));
      const other = { id: op.id, result: { messageId: 'x', replyId: 'y' } };
      await stores.log.append(batch(owned, deltas(1, 2), { ops: [other, { ...other, id: 'op-2' }] }));
      expect(await stores.log.findOp(owned.lease.sessionId, 'op-1')).toEqual(op.result);
      expect(await stores.log.findOp(owned.lease.sessionId, 'op-2')).toEqual(other.result);
    });

    test('S20 what history has is remembered, never goes back and never passes the head', async () => {
      const owned = await ownedSession(stores);
      await stores.log.append(batch(owned, deltas(5)));
      for (const [through, stored] of [[2, 2], [1, 2], [4, 4], [99, 5]] as const) {
        expect(await stores.log.acknowledge(owned.lease, through)).toBe(true);
        expect((await stores.log.meta(owned.lease.sessionId))?.storedThrough).toBe(stored);
      }
    });

    test('S21 a session that was appended to since counts as unsaved after an acknowledgement', async () => {
      const owned = await ownedSession(stores);
      await stores.log.append(batch(owned, deltas(2)));
      await stores.log.append(batch(owned, deltas(1, 3)));
      await stores.log.acknowledge(owned.lease, 2);
      await stores.leases.release(owned.lease);
      expect(await stores.leases.abandoned(100_000)).toContain(owned.lease.sessionId);
      const lease = await claimed(stores, owned.lease.sessionId, owned.lease.nodeId);
      await stores.log.acknowledge(lease, 3);
      await stores.leases.release(lease);
      expect(await stores.leases.abandoned(100_000)).not.toContain(owned.lease.sessionId);
    });

    test('R26 appends say until when an accumulated client watches; unknown sessions are skipped', async () => {
      const owned = await ownedSession(stores);
      const { sessionId } = owned.lease;
      const until = Date.now() + 60_000;
      const heads = await stores.log.watchAccumulated([sessionId, newSessionId()], until);
      expect(heads).toEqual({ [sessionId]: { logId: owned.meta.logId, seq: owned.meta.head } });
      await stores.log.watchAccumulated([sessionId], until - 1_000);
      const request = batch(owned, deltas(1));
      expect(await stores.log.append(request)).toEqual({ status: 'appended', accumulatedUntil: until });
      expect(await stores.log.append(request)).toEqual({ status: 'already', accumulatedUntil: until });
    });

    test('R42 whoever watches whole texts hears the head, once no reply is open', async () => {
      const owned = await ownedSession(stores);
      const { sessionId } = owned.lease;
      const watch = () => stores.log.watchAccumulated([sessionId], Date.now() + 60_000);
      await stores.log.append({ ...batch(owned, deltas(1)), meta: { run: { runId: 'run', replyId: 'reply', baseOffset: 0, aiNode: null, attempt: 1 } } });
      expect(await watch()).toEqual({});
      await stores.log.append({ ...batch(owned, deltas(2, 2)), meta: { run: null } });
      expect(await watch()).toEqual({ [sessionId]: { logId: owned.meta.logId, seq: 3 } });
    });

    test('R27 sessions with an open reply are told from the others', async () => {
      const [open, ended, quiet] = [await ownedSession(stores), await ownedSession(stores), await ownedSession(stores)];
      await stores.log.append(batch(open, deltas(1), { meta: { run } }));
      await stores.log.append(batch(ended, deltas(1), { meta: { run } }));
      await stores.log.append(batch(ended, deltas(1, 2), { meta: { run: null } }));
      const ids = [open, ended, quiet].map((owned) => owned.lease.sessionId);
      expect(await stores.log.streamingAmong([...ids, newSessionId()])).toEqual(new Set([open.lease.sessionId]));
    });

    /** An append that carries something of everything. */
    function full(owned: Owned, events: Event[], over: Partial<AppendRequest> = {}): AppendRequest {
      const entry = auditEntry({ sessionId: owned.meta.sessionId });
      return batch(owned, events, { meta: { title: 'changed' }, ops: [{ ...op, id: randomId(8) }], audit: [entry], ...over });
    }

    async function audited(owned: Owned) {
      const entries = (await stores.outbox.peek(100_000)).map((item) => item.entry);
      return entries.filter((entry) => entry.sessionId === owned.meta.sessionId);
    }

    async function expectUntouched(owned: Owned, head: number): Promise<void> {
      const read = await stores.log.read(owned.meta.sessionId, 0);
      expect(read?.meta).toEqual({ ...owned.meta, head });
      expect(read?.events).toEqual(deltas(head));
      expect(await audited(owned)).toEqual([]);
    }
  });
}
