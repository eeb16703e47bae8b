/** A value that is kept under a key of a storage. It is replaced, never changed in place. */
import { computed, shallowRef, type WritableComputedRef } from 'vue';
import type { KeyValueStorage } from '../chat-client/environment.ts';

export interface Stored<T> {
  readonly value: WritableComputedRef<T>;
  /** Storage has another one by now. */
  reread(): void;
}

/** `read` makes sense of what is there; null: nothing. */
export function useStored<T>(storage: KeyValueStorage, key: string, read: (text: string | null) => T): Stored<T> {
  const current = shallowRef(read(storage.get(key)));
  return {
    value: computed({
      get: () => current.value,
      set(next) {
        current.value = next;
        storage.set(key, JSON.stringify(next));
      },
    }),
    reread: () => void (current.value = read(storage.get(key))),
  };
}
