/** Messages that are being edited, with the text so far; kept in this tab, over a reload and out of sight. */
import { useSessionStorage } from '@vueuse/core';
import type { Ref } from 'vue';
import type { ChatClient } from '../chat-client/chat-client.ts';

export interface Edits {
  /** undefined: it is not being edited. */
  textOf(messageId: string): string | undefined;
  write(messageId: string, text: string): void;
  end(messageId: string): void;
}

const NONE: Record<string, string> = {};
const keyOf = (client: ChatClient): string => client.account.keyOf(`holdfast.edits:${client.url}`);

export function useEdits(client: ChatClient): Edits {
  const texts: Ref<Record<string, string>> = useSessionStorage(keyOf(client), NONE);
  return {
    textOf: (messageId) => texts.value[messageId],
    write: (messageId, text) => void (texts.value = { ...texts.value, [messageId]: text }),
    end(messageId) {
      const { [messageId]: _ended, ...others } = texts.value;
      texts.value = others;
    },
  };
}

export function forgetEdits(client: ChatClient): void {
  sessionStorage.removeItem(keyOf(client));
}
