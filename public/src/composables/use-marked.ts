/** Goes to one message of the list and marks it for a moment. */
import { useTimeoutFn } from '@vueuse/core';
import { ref, type Ref } from 'vue';

const MARKED_MS = 2_500;
/** Frames until a list has its heights: what is drawn above moves what is below. */
const SETTLING_FRAMES = 40;

const frame = (): Promise<unknown> => new Promise((resolve) => requestAnimationFrame(resolve));

export interface Marked {
  readonly marked: Readonly<Ref<string | null>>;
  /** False: it is not there. */
  show(messageId: string): Promise<boolean>;
}

/** `goTo` scrolls to it; false when the list does not have it. */
export function useMarked(pane: Ref<HTMLElement | null>, goTo: (messageId: string) => boolean): Marked {
  const marked = ref<string | null>(null);
  const { start } = useTimeoutFn(() => (marked.value = null), MARKED_MS, { immediate: false });
  const elementOf = (id: string): HTMLElement | null | undefined => pane.value?.querySelector<HTMLElement>(`[data-message-id="${CSS.escape(id)}"]`);

  /** Its beginning is in sight, and something of it. */
  function isSeen(element: HTMLElement): boolean {
    const seen = pane.value?.getBoundingClientRect();
    const { top, bottom } = element.getBoundingClientRect();
    return seen !== undefined && top < seen.bottom - 40 && bottom > seen.top + 40;
  }
  return {
    marked,
    async show(messageId) {
      // The list may not have been drawn with it yet.
      for (let i = 0; i < SETTLING_FRAMES && !goTo(messageId); i += 1) await frame();
      let steady = 0;
      for (let i = 0; i < SETTLING_FRAMES && steady < 3; i += 1) {
        await frame();
        const element = elementOf(messageId);
        if (element && isSeen(element)) steady += 1;
        else if (!goTo(messageId)) return false;
        else steady = 0;
      }
      const element = elementOf(messageId);
      if (!element) return false;
      marked.value = messageId;
      start();
      element.closest<HTMLElement>('[tabindex="-1"]')?.focus({ preventScroll: true });
      return true;
    },
  };
}
