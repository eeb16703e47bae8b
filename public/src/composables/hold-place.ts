/** Heights come late: code is coloured, maths is set, a list finds out how tall its items are. After this long, in ms, they are there. */
const HOLD_MS = 1_500;
/** What a reader does who wants to be elsewhere, or has seen enough. */
const WISHES = ['wheel', 'touchmove', 'pointerdown', 'keydown'] as const;

/** Scrolls `pane` so that `element` stays where it is seen while what is around it changes, or until the reader does anything. */
export function holdPlace(pane: HTMLElement, element: Element): Promise<void> {
  const { top } = element.getBoundingClientRect();
  const end = performance.now() + HOLD_MS;
  const reader = new AbortController();
  for (const wish of WISHES) window.addEventListener(wish, () => reader.abort(), { passive: true, capture: true, signal: reader.signal });
  return new Promise((resolve) => {
    const step = (): void => {
      if (performance.now() > end || !element.isConnected || reader.signal.aborted) {
        reader.abort();
        return resolve();
      }
      const moved = element.getBoundingClientRect().top - top;
      if (Math.abs(moved) >= 1) pane.scrollTop += moved;
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  });
}
