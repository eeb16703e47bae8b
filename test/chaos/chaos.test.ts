/** A fixed handful of random schedules; `npm run chaos` plays any number of them. */
import { describeWith } from '../support/servers/programs.ts';
import { ChaosCluster } from './chaos-cluster.ts';
import { account, summary } from './report.ts';
import { runSchedule } from './run-schedule.ts';
import { scheduleOf } from './schedule.ts';

/** Between them: owner, ai nodes and audit killed, a Redis emptied and cut, MongoDB hung, nodes drained, wrong clocks. */
const SHORT = { prefill: [6, 34, 42] } as const;
const LONG = { prefill: Array.from({ length: 12 }, (_, n) => 1_000 + 2 * n), restart: Array.from({ length: 12 }, (_, n) => 1_001 + 2 * n) } as const;
const SEEDS: { prefill?: readonly number[]; restart?: readonly number[] } = process.env['LONG'] === '1' ? LONG : SHORT;

describeWith(['redis-server', 'mongo', 'kafka'], 'random faults', () => {
  for (const continuation of ['prefill', 'restart'] as const) {
    const seeds = SEEDS[continuation] ?? [];
    if (seeds.length === 0) continue;

    describe(`a killed answer goes on by ${continuation}`, () => {
      let cluster: ChaosCluster;
      beforeAll(async () => void (cluster = await ChaosCluster.start(continuation)), 120_000);
      afterAll(async () => cluster?.stop(false), 60_000);

      test.each(seeds)('V44 fault 29: the schedule of seed %d breaks no promise', async (seed) => {
        const outcome = await runSchedule(scheduleOf(seed), cluster);
        if (outcome.problems.length > 0) throw new Error(`${summary(outcome)}\n${account(outcome, `npm run chaos -- --seed ${seed} --continuation ${continuation}`, 'in the timeline')}`);
      }, 180_000);
    });
  }
});
