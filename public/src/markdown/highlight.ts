/** Colours for code, loaded when the first code appears; each language when it is first needed. */
import type { HLJSApi, HighlightResult } from 'highlight.js';
import { shallowReactive, shallowRef } from 'vue';
import type { Coloured } from './code-chunks.ts';
import { knownLanguage, loadLanguage } from './languages.ts';

const core = shallowRef<HLJSApi | null>(null);
const ready = shallowReactive(new Set<string>());
const asked = new Set<string>();

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}

async function load(name: string): Promise<void> {
  const [module, language] = await Promise.all([import('highlight.js/lib/core'), loadLanguage(name)]);
  core.value = module.default;
  module.default.registerLanguage(name, language);
  ready.add(name);
}

function ask(name: string): void {
  if (asked.has(name)) return;
  asked.add(name);
  load(name).catch((error: unknown) => {
    console.warn('Colours for code could not be loaded; it is shown plainly.', error);
    asked.delete(name);
  });
}

/** The library tells of its state under a private name; without it, a piece counts as whole. */
function endsWhole(result: HighlightResult): boolean {
  const top = (result as { _top?: { parent?: unknown } })._top;
  return top?.parent === undefined;
}

/** Grows with every language that is there. */
export function languagesReady(): number {
  return ready.size;
}

/** Plain as long as the language is not there; whoever computes with it is told when it is. */
export function colourer(language: string): (code: string) => Coloured {
  const name = knownLanguage(language);
  const plain = (code: string): Coloured => ({ html: escapeHtml(code), whole: true });
  if (name === null) return plain;
  if (!ready.has(name)) ask(name);
  const highlight = ready.has(name) ? core.value : null;
  if (highlight === null) return plain;
  return (code) => {
    const result = highlight.highlight(code, { language: name, ignoreIllegals: true });
    return { html: result.value, whole: endsWhole(result) };
  };
}
