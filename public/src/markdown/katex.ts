/** Draws formulas. Loaded with its style and fonts when the first one appears. */
import katex from 'katex';
import 'katex/dist/katex.min.css';

/** Formulas drawn before, by mode and source: a paragraph that grows is drawn anew with every word. */
const drawn = new Map<string, HTMLElement>();
const MOST_KEPT = 400;

function draw(source: string, display: boolean): HTMLElement {
  const element = document.createElement('span');
  // Elements, not HTML text: the page's policy forbids styles in markup. Nothing of a formula may load or link.
  katex.render(source, element, { displayMode: display, throwOnError: false, trust: false, strict: false, maxSize: 40, maxExpand: 500 });
  return element;
}

export function drawFormulas(root: HTMLElement): void {
  for (const place of root.querySelectorAll<HTMLElement>('.math:not(.open, .drawn)')) {
    const source = place.textContent ?? '';
    const display = place.classList.contains('display');
    const key = `${display ? 'd' : 'i'}${source}`;
    const known = drawn.get(key) ?? draw(source, display);
    if (drawn.size > MOST_KEPT) drawn.clear();
    drawn.set(key, known);
    place.replaceChildren(known.cloneNode(true));
    place.classList.add('drawn');
  }
}
