/** The text somebody is writing, one per chat. It belongs to the tab it is written in: kept-by-tab.ts says what that means. */
import { computed, shallowRef, watch, type WritableComputedRef } from 'vue';
import type { ChatClient } from '../chat-client/chat-client.ts';
import { KeptByTab } from '../chat-client/kept-by-tab.ts';
import type { SessionStore } from '../chat-client/session-store.ts';

export interface Draft {
  readonly text: WritableComputedRef<string>;
  /** Puts a text before what is written in the new chat, which is opened next. */
  begin(text: string): void;
}

/** Texts under each other; one that is empty is left out. */
export function inLines(...texts: string[]): string {
  return texts.filter((text) => text !== '').join('\n');
}

/** `chat` is the id of the session that `store` is, or null while it is new. */
export function useDraft(client: ChatClient, store: () => SessionStore, chat: () => string | null): Draft {
  const kept = new KeptByTab(client.env, `holdfast.drafts:${client.url}:`);
  const text = shallowRef('');
  const keep = (id: string | null, now: string): void => {
    if (now === '') kept.remove(id);
    else kept.set(id, now);
  };
  const write = (now: string): void => {
    text.value = now;
    keep(chat(), now);
  };
  const open = (): void => {
    const of = store();
    text.value = kept.get(chat()) ?? '';
    if (text.value !== '') return;
    void kept.takeOver(chat(), (left) => {
      // Meanwhile somebody wrote, or went elsewhere.
      if (text.value !== '' || of !== store()) return false;
      write(left);
      return true;
    });
  };
  open();
  watch([store, chat], ([now, id], [before, idBefore]) => {
    if (now !== before) return open();
    // The new chat has its id: what is being written goes with it.
    keep(idBefore, '');
    keep(id, text.value);
  });
  return {
    text: computed({ get: () => text.value, set: write }),
    begin: (first) => keep(null, inLines(first, kept.get(null) ?? '')),
  };
}
