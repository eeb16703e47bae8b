/** `v-maths`: formulas inside of the element are drawn, before it is seen where that is possible. */
import { shallowRef, type ObjectDirective } from 'vue';

type Drawer = typeof import('./katex.ts');
const drawer = shallowRef<Drawer | null>(null);
let loading: Promise<void> | null = null;

function drawIn(element: HTMLElement): void {
  if (element.querySelector('.math:not(.open, .drawn)') === null) return;
  if (drawer.value !== null) return drawer.value.drawFormulas(element);
  loading ??= import('./katex.ts').then(
    (module) => void (drawer.value = module),
    (error: unknown) => {
      console.warn('Formulas cannot be drawn; their source is shown.', error);
      loading = null;
    },
  );
  void loading.then(() => drawer.value?.drawFormulas(element));
}

export const vMaths: ObjectDirective<HTMLElement> = { mounted: drawIn, updated: drawIn };
