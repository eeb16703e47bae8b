/** Files dragged over the page and let go anywhere in it. The browser would leave the page for them. */
import { useEventListener } from '@vueuse/core';
import { computed, ref, type ComputedRef } from 'vue';

/** Whether files are over the page; `take` gets what is let go. */
export function useFileDrop(take: (files: File[]) => void): ComputedRef<boolean> {
  /** Enters minus leaves: each element under the pointer sends its own. */
  const depth = ref(0);
  const on = (name: 'dragenter' | 'dragleave' | 'dragover' | 'drop', handle: (event: DragEvent) => void): void =>
    void useEventListener(window, name, (event) => {
      if (event.dataTransfer?.types.includes('Files') === true) handle(event);
    });

  on('dragenter', () => void (depth.value += 1));
  on('dragleave', () => void (depth.value = Math.max(0, depth.value - 1)));
  on('dragover', (event) => event.preventDefault());
  on('drop', (event) => {
    event.preventDefault();
    depth.value = 0;
    take([...(event.dataTransfer?.files ?? [])]);
  });
  return computed(() => depth.value > 0);
}
