/** A clock that stands still until a test moves it. Tasks run in the order of their time, then of their making. */
import type { Clock } from '../../src/clock.ts';

interface Task {
  at: number;
  run: () => void;
}

export interface VirtualClock extends Clock {
  /** Moves on by `ms`. Runs what falls due, one task at a time, and lets promises and immediates run in between. */
  advance(ms: number): Promise<void>;
  /** Tasks that still wait. */
  pending(): number;
}

/** Lets everything run that needs no time: promises, and `setImmediate` a few levels deep. */
export async function settle(turns = 4): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export function virtualClock(start = Date.UTC(2026, 0, 1)): VirtualClock {
  const tasks: Task[] = [];
  let now = start;

  const insert = (task: Task): void => {
    let low = 0;
    let high = tasks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((tasks[middle]?.at ?? 0) <= task.at) low = middle + 1;
      else high = middle;
    }
    tasks.splice(low, 0, task);
  };

  return {
    now: () => now,
    after(ms, run) {
      const task: Task = { at: now + Math.max(0, ms), run };
      insert(task);
      return () => {
        const place = tasks.indexOf(task);
        if (place >= 0) tasks.splice(place, 1);
      };
    },
    async advance(ms) {
      const target = now + ms;
      await settle();
      for (let next = tasks[0]; next !== undefined && next.at <= target; next = tasks[0]) {
        tasks.shift();
        now = next.at;
        next.run();
        await settle();
      }
      now = target;
    },
    pending: () => tasks.length,
  };
}
