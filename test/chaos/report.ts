/** What a person is told of a schedule. */
import type { Outcome } from './run-schedule.ts';
import { words } from './schedule.ts';

/** One line. */
export function summary({ schedule, problems, excused, replies, tookMs }: Outcome): string {
  const verdict = problems.length > 0 ? `FAILED: ${kinds(problems)}` : excused.length > 0 ? `ok (not promised: ${kinds(excused)})` : 'ok';
  return `seed ${String(schedule.seed).padEnd(6)} ${(tookMs / 1_000).toFixed(1).padStart(5)} s  ${String(replies).padStart(3)} replies  ${verdict}   [${schedule.faults.map(words).join('; ')}]`;
}

function kinds(problems: { kind: string }[]): string {
  return [...new Set(problems.map(({ kind }) => kind))].map((kind) => `${problems.filter((problem) => problem.kind === kind).length} ${kind}`).join(', ');
}

/** Everything, of one that failed. */
export function account(outcome: Outcome, again: string, logs: string): string {
  return [`The timeline of seed ${outcome.schedule.seed}, in seconds from its beginning:`, outcome.timeline.text(), `The same schedule again: ${again}`, `What the nodes logged, and everything that was seen of the sessions in question: ${logs}`, ''].join('\n');
}
