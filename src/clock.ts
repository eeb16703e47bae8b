/** Time and chance, injected so that the actor and the ai hand-over also run in a simulated world. */
export interface Clock {
  /** Milliseconds since the epoch; for stamps. */
  now(): number;
  /** Runs `task` once after `ms`; the returned function cancels it. */
  after(ms: number, task: () => void): () => void;
}

export type Random = () => number;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};

/** Runs `task` again and again, `ms` after the last one ended, until the returned function is called. A task must not throw. */
export function every(clock: Clock, ms: () => number, task: () => Promise<void> | void): () => void {
  let stopped = false;
  let cancel = (): void => {};
  const run = async (): Promise<void> => {
    await task();
    if (!stopped) next();
  };
  const next = (): void => {
    cancel = clock.after(ms(), () => void run());
  };
  next();
  return () => {
    stopped = true;
    cancel();
  };
}
