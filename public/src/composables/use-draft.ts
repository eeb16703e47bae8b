/** The text somebody is writing, one per chat, kept in this browser until it is sent. */
import { useLocalStorage } from '@vueuse/core';
import { computed, type Ref, type WritableComputedRef } from 'vue';
import type { ChatClient } from '../chat-client/chat-client.ts';

export interface Draft {
  readonly text: WritableComputedRef<string>;
  /** The new chat has its id now: what is being written goes with it. */
  becomes(sessionId: string): void;
  /** Puts a text before what is written in the new chat. */
  begin(text: string): void;
}

const EMPTY: Record<string, string> = {};
/** Older ones are forgotten: a draft nobody came back to. */
const MOST = 50;
const NEW = 'new';

/** `chat` is a session's id, or null for the new chat. */
export function useDraft(client: ChatClient, chat: () => string | null): Draft {
  const drafts: Ref<Record<string, string>> = useLocalStorage(client.account.keyOf(`holdfast.drafts:${client.url}`), EMPTY);
  const write = (key: string, text: string): void => {
    const { [key]: _before, ...others } = drafts.value;
    const kept = Object.entries(others).slice(1 - MOST);
    drafts.value = Object.fromEntries(text === '' ? kept : [...kept, [key, text]]);
  };
  return {
    text: computed({ get: () => drafts.value[chat() ?? NEW] ?? '', set: (text) => write(chat() ?? NEW, text) }),
    becomes(sessionId) {
      const text = drafts.value[NEW] ?? '';
      if (text === '') return;
      write(NEW, '');
      write(sessionId, text);
    },
    begin: (text) => write(NEW, [text, drafts.value[NEW] ?? ''].filter((part) => part !== '').join('\n')),
  };
}
