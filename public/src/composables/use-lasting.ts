import { useTimeoutFn } from '@vueuse/core';
import { ref, watch, type Ref } from 'vue';

/** True once `source` has been true for `ms` on end: what passes by itself need not be shown. */
export function useLasting(source: () => boolean, ms: number): Readonly<Ref<boolean>> {
  const lasting = ref(false);
  const { start, stop } = useTimeoutFn(() => (lasting.value = true), ms, { immediate: false });
  watch(source, (now) => {
    if (now) return start();
    stop();
    lasting.value = false;
  }, { immediate: true });
  return lasting;
}
