/** `npm run chaos`: random faults on a real cluster, from seeds; exit code 0 when every promise was kept. */
import { parseArgs } from 'node:util';
import '../../scripts/build-if-needed.mjs';
import { missingForKafka } from '../../scripts/servers/kafka.ts';
import { missingForMongo } from '../../scripts/servers/mongo.ts';
import { missingPrograms } from '../../scripts/servers/server-cache.ts';
import { ChaosCluster, type Continuation } from './chaos-cluster.ts';
import { account, summary } from './report.ts';
import { runSchedule } from './run-schedule.ts';
import { scheduleOf } from './schedule.ts';

const USAGE = `Usage: npm run chaos -- [--seed N] [--schedules K | --minutes M] [--continuation prefill|restart] [--verbose]

  --seed          of the first schedule; the next ones count on. Default: the time
  --schedules     how many. Default: 1 with a seed, else as many as fit in --minutes
  --minutes       how long. Default: 2
  --continuation  how a killed answer goes on. Default: prefill for even seeds, restart for odd ones
  --verbose       the timeline of every schedule`;
const CODES = { well: 0, broken: 1, couldNotRun: 2 };

interface Task {
  seed: number;
  schedules: number;
  minutes: number;
  continuation: Continuation;
  verbose: boolean;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function taskOf(args: string[]): Task | null {
  const number = { type: 'string' } as const;
  const { values } = parseArgs({ args, options: { seed: number, schedules: number, minutes: number, continuation: number, verbose: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
  const seed = Number(values.seed ?? Math.floor(Date.now() / 1_000) % 1_000_000);
  const schedules = Number(values.schedules ?? (values.seed !== undefined && values.minutes === undefined ? 1 : Infinity));
  const minutes = Number(values.minutes ?? (Number.isFinite(schedules) ? Infinity : 2));
  const continuation = values.continuation ?? (seed % 2 === 0 ? 'prefill' : 'restart');
  const bad = values.help === true || ![seed, schedules, minutes].every((n) => n >= 0) || !Number.isInteger(seed);
  if (bad || (continuation !== 'prefill' && continuation !== 'restart')) return null;
  return { seed, schedules, minutes, continuation, verbose: values.verbose === true };
}

async function run({ seed, schedules, minutes, continuation, verbose }: Task): Promise<number> {
  const until = Date.now() + minutes * 60_000;
  say(`Chaos from seed ${seed} on, a killed answer goes on by ${continuation}. Starting servers and nodes …`);
  let cluster = await ChaosCluster.start(continuation);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void cluster.stop(false).finally(() => process.exit(CODES.couldNotRun)));
  let [done, failed, replies] = [0, 0, 0];
  try {
    for (; done < schedules && Date.now() < until; done += 1) {
      const outcome = await runSchedule(scheduleOf(seed + done), cluster);
      const broken = outcome.problems.length > 0;
      say(summary(outcome));
      if (broken || verbose) say(account(outcome, `npm run chaos -- --seed ${seed + done} --continuation ${continuation}`, cluster.folder));
      replies += outcome.replies;
      failed += broken ? 1 : 0;
      if (!broken) continue;
      // What is broken now must not be the next one's fault; its logs stay.
      await cluster.stop(true);
      cluster = await ChaosCluster.start(continuation);
    }
  } finally {
    await cluster.stop(false);
  }
  say(`${done} schedules, ${replies} replies, ${failed} failed`);
  return failed > 0 ? CODES.broken : CODES.well;
}

const missing = [...missingPrograms(['redis-server']), ...missingForMongo(), ...missingForKafka()];
const task = taskOf(process.argv.slice(2));
let code = CODES.couldNotRun;
if (missing.length > 0) say(`Chaos needs ${missing.join(' and ')} on this machine.`);
else if (task === null) say(USAGE);
else code = await run(task);
// Sockets of clients that were cut off may still be trying.
process.exit(code);
