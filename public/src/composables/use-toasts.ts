/** Short notices that go by themselves. */
import { shallowRef, type ShallowRef } from 'vue';

export interface Notice {
  text: string;
  /** `plain`: something was done. `bad` (the default): something failed. */
  tone?: 'bad' | 'plain';
  /** What the reader can do about it. */
  action?: { label: string; run: () => void };
  /** Stays until it is acted upon or dismissed. */
  lasting?: boolean;
  /** Called once when it went without its action. */
  gone?: () => void;
}
export interface Toast extends Notice {
  id: number;
  tone: 'bad' | 'plain';
}

export interface Toasts {
  /** There was one: from then on there is a place for them. */
  readonly used: Readonly<ShallowRef<boolean>>;
  readonly list: Readonly<ShallowRef<readonly Toast[]>>;
  show(notice: string | Notice): void;
  act(id: number): void;
  dismiss(id: number): void;
}

export function makeToasts(): Toasts {
  const list = shallowRef<readonly Toast[]>([]);
  const used = shallowRef(false);
  let next = 1;
  const take = (id: number): Toast | undefined => {
    const toast = list.value.find((other) => other.id === id);
    if (toast !== undefined) list.value = list.value.filter((other) => other !== toast);
    return toast;
  };
  return {
    used,
    list,
    act: (id) => take(id)?.action?.run(),
    dismiss: (id) => take(id)?.gone?.(),
    show(notice) {
      const toast: Toast = { tone: 'bad', ...(typeof notice === 'string' ? { text: notice } : notice), id: next++ };
      used.value = true;
      // The same failure said twice is said once; what can be acted upon stays.
      list.value = [...list.value.filter((other) => other.text !== toast.text || other.action !== undefined), toast];
    },
  };
}
