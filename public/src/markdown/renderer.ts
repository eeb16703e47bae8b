import { makeBlockRenderer, type BlockRenderer } from './blocks.ts';
import { makeMarkdown, sanitize, type Labels } from './render.ts';

/** A renderer for one text that grows. */
export function makeRenderer(labels: Labels): BlockRenderer {
  return makeBlockRenderer(makeMarkdown(labels), sanitize);
}
