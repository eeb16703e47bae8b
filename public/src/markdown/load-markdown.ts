/** The Markdown renderer, loaded with the first reply that is shown or asked for: a new chat does without it. */
import { shallowRef } from 'vue';

type Renderer = typeof import('./renderer.ts');
/** null until it is there; texts are shown plainly meanwhile. */
export const renderer = shallowRef<Renderer | null>(null);
let loading: Promise<void> | null = null;

/** A load that fails (no network) is tried again by the next text that needs it. */
export function loadMarkdown(): void {
  loading ??= import('./renderer.ts').then(
    (module) => void (renderer.value = module),
    (error: unknown) => {
      console.warn('The Markdown renderer could not be loaded; texts are shown plainly.', error);
      loading = null;
    },
  );
}
