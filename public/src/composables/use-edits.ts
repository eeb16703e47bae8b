/** Messages that are being edited, with the text so far; kept in this tab, over a reload and out of sight. */
import { useSessionStorage } from '@vueuse/core';
import type { Ref } from 'vue';

export interface Edits {
  /** undefined: it is not being edited. */
  textOf(messageId: string): string | undefined;
  write(messageId: string, text: string): void;
  end(messageId: string): void;
}

const NONE: Record<string, string> = {};
const keyOf = (server: string): string => `holdfast.edits:${server}`;

export function useEdits(server: string): Edits {
  const texts: Ref<Record<string, string>> = useSessionStorage(keyOf(server), NONE);
  return {
    textOf: (messageId) => texts.value[messageId],
    write: (messageId, text) => void (texts.value = { ...texts.value, [messageId]: text }),
    end(messageId) {
      const { [messageId]: _ended, ...others } = texts.value;
      texts.value = others;
    },
  };
}

export function forgetEdits(server: string): void {
  sessionStorage.removeItem(keyOf(server));
}
