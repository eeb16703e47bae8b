/** Messages that are being edited, with the text so far; kept in this tab, over a reload and out of sight. */
import { z } from 'zod';
import { tabStorage } from '../chat-client/browser-storage.ts';
import type { ChatClient } from '../chat-client/chat-client.ts';
import { parseJson } from '../chat-client/parse-json.ts';
import { useStored } from './use-stored.ts';

export interface Edits {
  /** undefined: it is not being edited. */
  textOf(messageId: string): string | undefined;
  write(messageId: string, text: string): void;
  end(messageId: string): void;
}

const textsSchema = z.record(z.string(), z.string());
const keyOf = (client: ChatClient): string => client.account.keyOf(`holdfast.edits:${client.url}`);

export function useEdits(client: ChatClient): Edits {
  const { value: texts } = useStored(tabStorage, keyOf(client), (text) => textsSchema.safeParse(parseJson(text)).data ?? {});
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
  tabStorage.remove(keyOf(client));
}
