/** What is pasted into the composer: files go along with the message, and a long text may. */
import { computed, ref, type ComputedRef, type Ref } from 'vue';
import { useI18n } from 'vue-i18n';
import { MAX_CONTENT_LENGTH } from '../../../src/protocol/limits.ts';
import type { Attachments } from './use-attachments.ts';

/** From here on a text is more to look something up in than to read: it is offered as a file. */
const LONG = 3_000;

export interface PastedText {
  /** What was pasted last is long, and still there. */
  readonly offered: ComputedRef<boolean>;
  onPaste(event: ClipboardEvent): void;
  /** Takes it out of the message and along as a file. */
  accept(): void;
  dismiss(): void;
}

export function usePastedText(text: Ref<string>, attachments: Attachments): PastedText {
  const { t } = useI18n();
  const pasted = ref('');
  const attach = (content: string): void => void attachments.add([new File([content], t('files.pastedName'), { type: 'text/plain' })]);
  return {
    offered: computed(() => pasted.value !== '' && text.value.includes(pasted.value)),
    onPaste(event) {
      const { clipboardData: data } = event;
      if (data === null || attachments.limits.value === null) return;
      const words = data.getData('text/plain').replaceAll(/\r\n?/g, '\n');
      // Office programs paste their text as an image too: who pastes text means text.
      if (data.files.length > 0 && words === '') {
        event.preventDefault();
        return void attachments.add([...data.files]);
      }
      if (words.length < LONG) return;
      pasted.value = words;
      if (text.value.length + words.length <= MAX_CONTENT_LENGTH) return;
      event.preventDefault();
      attach(words);
    },
    accept() {
      const content = pasted.value;
      pasted.value = '';
      text.value = text.value.replace(content, () => '');
      attach(content);
    },
    dismiss() {
      pasted.value = '';
    },
  };
}
