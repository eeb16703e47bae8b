/** The Markdown renderer, loaded with the first reply that is shown or asked for: a new chat does without it. */
import { computed, ref, shallowRef } from 'vue';

type Renderer = typeof import('./renderer.ts');
/** null until it is there. */
export const renderer = shallowRef<Renderer | null>(null);
const late = ref(false);
/** Texts are shown plainly: the renderer is long in coming. Until then they are blank, as plain for a moment and then drawn would jump. */
export const plain = computed(() => renderer.value === null && late.value);

const PLAIN_AFTER_MS = 700;
let loading: Promise<void> | null = null;

/** A load that fails (no network) is tried again by the next text that needs it. */
export function loadMarkdown(): void {
  if (loading === null) setTimeout(() => (late.value = true), PLAIN_AFTER_MS);
  loading ??= import('./renderer.ts').then(
    (module) => void (renderer.value = module),
    (error: unknown) => {
      console.warn('The Markdown renderer could not be loaded; texts are shown plainly.', error);
      loading = null;
    },
  );
}
