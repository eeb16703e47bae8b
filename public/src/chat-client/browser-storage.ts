/** The browser's storages, of all tabs and of this one. No other file touches them: elsewhere they would throw. */
import { GuardedStorage } from './guarded-storage.ts';
import { Observable } from './observable.ts';

/** Something could not be kept, and will be gone with the page. */
export const storageFull = new Observable(false);

export const browserStorage = new GuardedStorage(() => window.localStorage, storageFull);
export const tabStorage = new GuardedStorage(() => window.sessionStorage, storageFull);
