/** Shows the message that was chosen elsewhere, once its session is here. Loaded when there is one. */
import { watch } from 'vue';
import { useI18n } from 'vue-i18n';
import type { SessionStore } from '../chat-client/session-store.ts';
import { useApp } from './app-context.ts';

/** The list of a session that was just opened is drawn a few frames later. */
const FRAMES = 20;

async function shown(show: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < FRAMES && !(await show()); i += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
}

/** `show` answers whether it could. */
export function useTarget(store: () => SessionStore, show: (messageId: string) => Promise<boolean>): void {
  const { t } = useI18n();
  const { client, target, toasts } = useApp();

  watch([target, store], async ([wanted, from]) => {
    if (wanted === null || from.sessionId !== wanted.sessionId) return;
    const { reveal } = await import('../chat-client/reveal.ts');
    const answer = await reveal(client.env, client.connection, from, wanted);
    // Somebody chose something else meanwhile.
    if (target.value !== wanted || store() !== from) return;
    target.value = null;
    if (!answer.ok) toasts.show(t('toast.revealFailed', { reason: t(`errors.${answer.error.code}`) }));
    else await shown(() => show(wanted.messageId));
  }, { flush: 'post' });
}
