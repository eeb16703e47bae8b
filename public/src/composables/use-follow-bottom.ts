/** Keeps a scrolling pane at its end while it grows, unless the reader scrolled up. */
import { useEventListener, useResizeObserver } from '@vueuse/core';
import { ref, type Ref } from 'vue';
import { holdPlace } from './hold-place.ts';

/** This close to the end counts as the end, in px. */
const NEAR = 32;

export interface FollowBottom {
  readonly following: Readonly<Ref<boolean>>;
  /** Goes to the end and stays there. */
  jump(smooth?: boolean): void;
  /** What is about to change leaves this element where it is seen. */
  keep(element: Element): void;
  /** The reader is shown something else. */
  release(): void;
}

export function useFollowBottom(pane: Ref<HTMLElement | null>, content: Ref<HTMLElement | null>): FollowBottom {
  const following = ref(true);
  let lastTop = 0;
  let keeping = 0;

  const toEnd = (smooth = false): void => {
    const element = pane.value;
    element?.scrollTo({ top: element.scrollHeight, behavior: smooth ? 'smooth' : 'instant' });
  };
  useEventListener(pane, 'scroll', () => {
    const element = pane.value;
    if (element === null) return;
    const distance = element.scrollHeight - element.scrollTop - element.clientHeight;
    // Growth never moves the pane up: only the reader does.
    if (element.scrollTop < lastTop - 1) following.value = following.value && distance <= NEAR;
    else if (distance <= NEAR) following.value = true;
    lastTop = element.scrollTop;
  }, { passive: true });
  // A slow wheel moves less than a growing text does: the wish to go up counts, not the distance.
  useEventListener(pane, 'wheel', (event: WheelEvent) => {
    const element = pane.value;
    if (event.deltaY < 0 && element !== null && element.scrollHeight > element.clientHeight) following.value = false;
  }, { passive: true });
  useResizeObserver([pane, content], () => {
    if (following.value && keeping === 0) toEnd();
  });
  const isAtEnd = (element: HTMLElement): boolean => element.scrollHeight - element.scrollTop - element.clientHeight <= NEAR;

  return {
    following,
    release() {
      const element = pane.value;
      // Where all is in sight there is nothing to come back from.
      if (element !== null && element.scrollHeight > element.clientHeight) following.value = false;
    },
    jump(smooth = false) {
      following.value = true;
      toEnd(smooth && !matchMedia('(prefers-reduced-motion: reduce)').matches);
    },
    keep(element) {
      if (pane.value === null) return;
      keeping += 1;
      void holdPlace(pane.value, element).then(() => {
        keeping -= 1;
        if (pane.value !== null) following.value = isAtEnd(pane.value);
      });
    },
  };
}
