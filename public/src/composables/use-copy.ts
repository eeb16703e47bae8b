import { useClipboard } from '@vueuse/core';
import type { Ref } from 'vue';
import { useI18n } from 'vue-i18n';
import { useApp } from './app-context.ts';

/** Copies a text, and says where the browser does not allow it. `copied`: a moment ago. */
export function useCopy(text: () => string): { copy: () => Promise<void>; copied: Readonly<Ref<boolean>> } {
  const { t } = useI18n();
  const { toasts } = useApp();
  const { copy, copied } = useClipboard({ legacy: true });
  return { copied, copy: () => copy(text()).catch(() => toasts.show(t('toast.copyFailed'))) };
}
