/** One wait for something to become so, with an end. */
import type { Environment } from './environment.ts';
import type { Observable } from './observable.ts';

/** The first answer of `pick` that is not undefined, for the value as it is or as it becomes; null after `limitMs`. */
export function waitFor<T, R>(env: Environment, source: Pick<Observable<T>, 'value' | 'subscribe'>, limitMs: number, pick: (value: T) => R | undefined): Promise<R | null> {
  const already = pick(source.value);
  if (already !== undefined) return Promise.resolve(already);
  return new Promise((resolve) => {
    const settle = (found: R | null): void => {
      stop();
      stopLimit();
      resolve(found);
    };
    const stop = source.subscribe((value) => {
      const found = pick(value);
      if (found !== undefined) settle(found);
    });
    const stopLimit = env.clock.after(limitMs, () => settle(null));
  });
}
