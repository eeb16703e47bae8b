/** Which tab this is: an id that a reload keeps, and a lock that is held as long as the tab lives. */
import { tabStorage } from './browser-storage.ts';
import type { TabIdentity } from './environment.ts';

const KEY = 'holdfast.tab';
const lockOf = (id: string): string => `holdfast.tab:${id}`;
/** Where storage is forbidden, so are locks; there is nothing to share there. */
const forbidden = (): void => {};

/** Holds the lock until the page goes. */
function hold(id: string): void {
  navigator.locks.request(lockOf(id), () => new Promise<never>(() => {})).catch(forbidden);
}

export function tabIdentity(newId: () => string): TabIdentity {
  let id = tabStorage.get(KEY) ?? newId();
  const locks = 'locks' in navigator;
  tabStorage.set(KEY, id);
  if (locks) {
    // A duplicated tab comes with the id of the first one, which still holds its lock.
    navigator.locks.request(lockOf(id), { ifAvailable: true }, (lock) => {
      if (lock !== null) return new Promise<never>(() => {});
      id = newId();
      tabStorage.set(KEY, id);
      hold(id);
      return undefined;
    }).catch(forbidden);
  }
  return {
    get id() {
      return id;
    },
    async isAlive(other) {
      if (!locks) return false;
      const { held = [] } = await navigator.locks.query().catch(() => ({ held: [] as LockInfo[] }));
      return held.some(({ name }) => name === lockOf(other));
    },
  };
}
