/** A limit on waiting. */
import { systemClock, type Clock } from './clock.ts';

export class TookTooLong extends Error {}

/** The outcome of `work`; rejects with TookTooLong when it takes longer. What was begun goes on unheard. */
export async function within<T>(ms: number, doing: string, work: Promise<T>, clock: Clock = systemClock): Promise<T> {
  let stop = (): void => {};
  const late = new Promise<never>((_, reject) => {
    stop = clock.after(ms, () => reject(new TookTooLong(`${doing} took longer than ${ms} ms`)));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    stop();
  }
}
