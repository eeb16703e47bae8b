/**
 * What a schedule leaves unpromised. Redis may lose what it has not written to its disk, or be emptied: then the owners'
 * memory is all there is, and a second fault that takes the memory too takes the only copy.
 */
import type { VerdictKind } from '../exactness/recording.ts';
import type { Fault, FaultKind, Schedule } from './schedule.ts';

const LOSES: readonly FaultKind[] = ['flush', 'lose-tail'];
/** These may cost an owner its sessions; one whose clock jumps cannot tell that it renewed in time. */
const FORGETS: readonly FaultKind[] = ['clock-jump', 'kill', 'freeze', 'drain', 'one-more', 'cut-connection', 'black-hole', 'hold-back', 'refuse', 'stop-server', 'kill-server', 'hang-server', 'full', 'lose-tail'];
/** A store that lost data settles, nodes that died are found. */
const AFTER_MS = 6_000;

const isAbout = (fault: Fault): boolean => ['redis', 'gateway-1', 'gateway-2', 'gateway-3', 'gateway-extra'].includes(fault.target);

/** True when no copy of what was accepted need be left. */
export function mayLoseAll({ faults }: Schedule): boolean {
  return faults.some((loss) => {
    if (!LOSES.includes(loss.kind)) return false;
    const end = loss.atMs + loss.forMs + AFTER_MS;
    return faults.some((other) => other !== loss && FORGETS.includes(other.kind) && isAbout(other) && other.atMs <= end && other.atMs + other.forMs + AFTER_MS >= loss.atMs);
  });
}

/** Verdicts that are no broken promise after this schedule. Never a gap, a repeat, a used seq, a stale write or mixed runs. */
export function unpromised(schedule: Schedule): Set<VerdictKind> {
  const excused = new Set<VerdictKind>();
  // What waited for Kafka lay in Redis alone.
  if (schedule.faults.some(({ kind }) => LOSES.includes(kind))) excused.add('not-audited');
  if (mayLoseAll(schedule)) for (const kind of ['lost', 'text-changed', 'differs', 'no-end', 'ran-twice'] as const) excused.add(kind);
  return excused;
}
