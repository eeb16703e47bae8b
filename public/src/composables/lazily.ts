/** A component whose code comes when it is first shown: menus, dialogs and their library are no part of the first load. */
import { defineAsyncComponent, type Component } from 'vue';

const TRIES = 3;

export function lazily<T extends Component>(load: () => Promise<{ default: T }>): T {
  return defineAsyncComponent<T>({
    loader: () => load().then((module) => module.default),
    onError(error, retry, fail, attempts) {
      if (attempts < TRIES) return retry();
      console.warn('A part of the page could not be loaded.', error);
      fail();
    },
  });
}
