/** Contents that did not move for so many frames have their heights; past the second number nobody waits any longer. */
const STILL_FRAMES = 6;
const MOST_FRAMES = 60;

/** Scrolls `pane` so that `element` stays where it is seen, until what changes around it has settled or the reader scrolls. */
export function holdPlace(pane: HTMLElement, element: Element): Promise<void> {
  const { top } = element.getBoundingClientRect();
  const reader = new AbortController();
  for (const wish of ['wheel', 'touchmove']) pane.addEventListener(wish, () => reader.abort(), { passive: true, signal: reader.signal });
  return new Promise((resolve) => {
    const step = (still: number, left: number): void => {
      if (still === 0 || left === 0 || !element.isConnected || reader.signal.aborted) {
        reader.abort();
        return resolve();
      }
      const before = pane.scrollTop;
      const moved = element.getBoundingClientRect().top - top;
      if (Math.abs(moved) >= 1) pane.scrollTop += moved;
      requestAnimationFrame(() => step(pane.scrollTop === before ? still - 1 : STILL_FRAMES, left - 1));
    };
    requestAnimationFrame(() => step(STILL_FRAMES, MOST_FRAMES));
  });
}
