/** What every AuditOutbox must do. The store under test is bounded to `maxBytes`, and nobody else uses it. */
import type { AuditEntry, AuditOutbox } from '../../src/backends/contracts.ts';
import { auditEntry, HARD_TEXT } from './samples.ts';

export interface OutboxHarness {
  outbox: AuditOutbox;
  close: () => Promise<void>;
}

export function auditOutboxContract(name: string, maxBytes: number, make: () => Promise<OutboxHarness>): void {
  describe(`AuditOutbox: ${name}`, () => {
    let harness: OutboxHarness;
    let outbox: AuditOutbox;
    beforeEach(async () => {
      harness = await make();
      outbox = harness.outbox;
      await outbox.remove((await outbox.peek(100_000)).map((item) => item.key));
    });
    afterEach(() => harness.close());

    const ids = async (): Promise<string[]> => (await outbox.peek(100_000)).map((item) => item.entry.id);
    const sized = (type: string, bytes: number): AuditEntry => auditEntry({ type, data: { text: 'x'.repeat(bytes) } });

    test('A20 entries wait in the order they came, until they are removed', async () => {
      const entries = [1, 2, 3, 4].map((n) => auditEntry({ data: { n, text: HARD_TEXT } }));
      await outbox.add(entries.slice(0, 2));
      await outbox.add(entries.slice(2));
      expect((await outbox.peek(100)).map((item) => item.entry)).toEqual(entries);
      const first = await outbox.peek(2);
      expect(first.map((item) => item.entry)).toEqual(entries.slice(0, 2));
      expect(await outbox.peek(2)).toEqual(first);
      await outbox.remove(first.map((item) => item.key));
      await outbox.remove(first.map((item) => item.key));
      expect((await outbox.peek(100)).map((item) => item.entry)).toEqual(entries.slice(2));
    });

    test('A20 keys are never given twice', async () => {
      await outbox.add([auditEntry(), auditEntry()]);
      const before = (await outbox.peek(9)).map((item) => item.key);
      await outbox.remove(before);
      await outbox.add([auditEntry()]);
      const [item] = await outbox.peek(9);
      expect(before).not.toContain(item?.key);
      // A drain that reports late does not take away what came since.
      await outbox.remove(before);
      expect(await ids()).toEqual([item?.entry.id]);
    });

    test('A21 it counts what is in it', async () => {
      const before = await outbox.stats();
      expect(before).toMatchObject({ entries: 0, bytes: 0 });
      await outbox.add([sized('a', 1_000), sized('b', 2_000)]);
      const full = await outbox.stats();
      expect(full.entries).toBe(2);
      expect(full.bytes).toBeGreaterThan(3_000);
      expect(full.bytes).toBeLessThan(4_500);
      await outbox.remove((await outbox.peek(9)).map((item) => item.key));
      expect(await outbox.stats()).toEqual(before);
    });

    test('A22 full, it drops the oldest deltas first, then the oldest of the rest, and counts them', async () => {
      const quarter = Math.floor(maxBytes / 4) - 300;
      const [plain, delta, delta2, last] = [sized('a', quarter), sized('message.delta', quarter), sized('message.delta', quarter), sized('b', quarter)];
      if (!plain || !delta || !delta2 || !last) throw new Error('four entries');
      const { shed } = await outbox.stats();
      await outbox.add([plain, delta, delta2, last]);
      expect(await ids()).toEqual([plain.id, delta.id, delta2.id, last.id]);
      const more = [1, 2, 3].map(() => sized('c', quarter));
      const after = [[plain, delta2, last, more[0]], [plain, last, more[0], more[1]], [last, more[0], more[1], more[2]]];
      for (const [index, entry] of more.entries()) {
        await outbox.add([entry]);
        expect(await ids()).toEqual(after[index]?.map((each) => each?.id));
        expect((await outbox.stats()).shed).toBe(shed + index + 1);
      }
      expect((await outbox.stats()).bytes).toBeLessThanOrEqual(maxBytes);
    });

    test('A22 an entry above the bound is dropped, and adding never rejects', async () => {
      await outbox.add([sized('a', maxBytes + 1)]);
      expect(await ids()).toEqual([]);
      const next = auditEntry();
      await outbox.add([next]);
      expect(await ids()).toEqual([next.id]);
    });
  });
}
