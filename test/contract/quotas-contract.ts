/** What every Quotas must do. */
import type { Quotas } from '../../src/backends/contracts.ts';
import { randomId } from '../../src/ids.ts';
import { until } from '../support/until.ts';

export interface QuotasHarness {
  quotas: Quotas;
  close: () => Promise<void>;
}

export function quotasContract(name: string, make: () => Promise<QuotasHarness>): void {
  describe(`Quotas: ${name}`, () => {
    let harness: QuotasHarness;
    beforeAll(async () => {
      harness = await make();
    });
    afterAll(() => harness.close());

    test('Q1 as many as allowed are taken at once, the next hears how long to wait', async () => {
      const key = randomId(12);
      const waits = await Promise.all(Array.from({ length: 7 }, () => harness.quotas.take(key, 5, 60_000)));
      expect(waits.filter((wait) => wait === 0)).toHaveLength(5);
      for (const wait of waits.filter((each) => each !== 0)) {
        expect(wait).toBeGreaterThan(50_000);
        expect(wait).toBeLessThanOrEqual(60_000);
      }
    });

    test('Q1 keys and limits are counted apart', async () => {
      const key = randomId(12);
      expect(await harness.quotas.take(key, 1, 60_000)).toBe(0);
      expect(await harness.quotas.take(key, 1, 60_000)).toBeGreaterThan(0);
      expect(await harness.quotas.take(randomId(12), 1, 60_000)).toBe(0);
    });

    test('Q1 after the window there are points again', async () => {
      const key = randomId(12);
      expect(await harness.quotas.take(key, 1, 100)).toBe(0);
      expect(await harness.quotas.take(key, 1, 100)).toBeGreaterThan(0);
      await until('a new window', async () => (await harness.quotas.take(key, 1, 100)) === 0);
    });
  });
}
