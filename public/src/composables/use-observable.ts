import { onScopeDispose, shallowRef, type ShallowRef } from 'vue';
import type { Observable } from '../chat-client/observable.ts';

/** The value of an observable, as Vue sees it. */
export function useObservable<T>(observable: Observable<T>): Readonly<ShallowRef<T>> {
  const value = shallowRef(observable.value);
  onScopeDispose(observable.subscribe((next) => (value.value = next)));
  return value;
}

/** In a hidden tab no frame is drawn; it is brought up to date this often instead, in ms. */
const HIDDEN_MS = 250;

/** Runs `task` at most once a frame, however often it is asked for. */
export function oncePerFrame(task: () => void): { request: () => void; cancel: () => void } {
  let cancel: (() => void) | null = null;
  const run = (): void => {
    cancel = null;
    task();
  };
  return {
    request() {
      if (cancel !== null) return;
      if (document.hidden) {
        const timer = setTimeout(run, HIDDEN_MS);
        cancel = () => clearTimeout(timer);
      } else {
        const frame = requestAnimationFrame(run);
        cancel = () => cancelAnimationFrame(frame);
      }
    },
    cancel() {
      cancel?.();
      cancel = null;
    },
  };
}
