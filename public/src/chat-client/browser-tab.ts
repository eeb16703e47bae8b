/** Which tab this is: an id in sessionStorage, and a lock that is held as long as the tab lives. */
import type { TabIdentity } from './environment.ts';

const KEY = 'holdfast.tab';
const lockOf = (id: string): string => `holdfast.tab:${id}`;

function storedId(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    // Forbidden: the id lasts as long as the page.
    return null;
  }
}
function store(id: string): void {
  try {
    sessionStorage.setItem(KEY, id);
  } catch {
    // As above.
  }
}

/** Holds the lock until the page goes. */
function hold(id: string): void {
  void navigator.locks.request(lockOf(id), () => new Promise<never>(() => {}));
}

export function tabIdentity(newId: () => string): TabIdentity {
  let id = storedId() ?? newId();
  const locks = 'locks' in navigator;
  store(id);
  if (locks) {
    // A duplicated tab comes with the id of the first one, which still holds its lock.
    void navigator.locks.request(lockOf(id), { ifAvailable: true }, (lock) => {
      if (lock !== null) return new Promise<never>(() => {});
      id = newId();
      store(id);
      hold(id);
      return undefined;
    });
  }
  return {
    get id() {
      return id;
    },
    async isAlive(other) {
      if (!locks) return false;
      const { held = [] } = await navigator.locks.query();
      return held.some(({ name }) => name === lockOf(other));
    },
  };
}
