import { makeBlockRenderer, type Block, type BlockRenderer } from './blocks.ts';
import { makeMarkdown, sanitize, type Labels } from './render.ts';

/** Whole texts that were drawn lately: who scrolls back and forth does not wait for them again. */
const MOST_KEPT = 200;
const kept = new Map<string, readonly Block[]>();

/** A renderer for one text that grows. `look`: whatever else than the text decides how it is drawn. */
export function makeRenderer(labels: Labels, look: string): BlockRenderer {
  const renderer = makeBlockRenderer(makeMarkdown(labels), sanitize);
  return {
    update(text, open) {
      if (open) return renderer.update(text, true);
      const key = `${look}\n${text}`;
      const known = kept.get(key) ?? renderer.update(text, false);
      kept.delete(key);
      kept.set(key, known);
      const [oldest] = kept.keys();
      if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
      return known;
    },
  };
}
