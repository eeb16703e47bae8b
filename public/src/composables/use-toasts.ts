/** Short notices that go by themselves. */
import { shallowRef, type ShallowRef } from 'vue';

export interface Toast {
  id: number;
  text: string;
}

const SHOWN_MS = 8_000;

export interface Toasts {
  readonly list: Readonly<ShallowRef<readonly Toast[]>>;
  show(text: string): void;
  dismiss(id: number): void;
}

export function makeToasts(): Toasts {
  const list = shallowRef<readonly Toast[]>([]);
  let next = 1;
  const dismiss = (id: number): void => {
    list.value = list.value.filter((toast) => toast.id !== id);
  };
  return {
    list,
    dismiss,
    show(text) {
      const id = next++;
      list.value = [...list.value.filter((toast) => toast.text !== text), { id, text }];
      setTimeout(() => dismiss(id), SHOWN_MS);
    },
  };
}
