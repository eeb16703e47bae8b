/** Messages that are being edited, with the text so far; kept in this tab, over a reload and out of sight. */
import { z } from 'zod';
import { tabStorage } from '../chat-client/browser-storage.ts';
import { parseJson } from '../chat-client/parse-json.ts';
import { useStored } from './use-stored.ts';

export interface Edits {
  /** undefined: it is not being edited. */
  textOf(messageId: string): string | undefined;
  write(messageId: string, text: string): void;
  end(messageId: string): void;
}

const textsSchema = z.record(z.string(), z.string());
const keyOf = (server: string): string => `holdfast.edits:${server}`;

export function useEdits(server: string): Edits {
  const { value: texts } = useStored(tabStorage, keyOf(server), (text) => textsSchema.safeParse(parseJson(text)).data ?? {});
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
  tabStorage.remove(keyOf(server));
}
