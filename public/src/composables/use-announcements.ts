import { watch } from 'vue';
import { useI18n } from 'vue-i18n';
import type { SessionSnapshot } from '../chat-client/session-store.ts';
import { spoken } from '../markdown/spoken.ts';
import { useApp } from './app-context.ts';

/** More than this is not read out; it can be found in the conversation. */
const SPOKEN_CHARACTERS = 300;

/** Tells screen readers when a reply begins and what it said, without reading every word while it comes. */
export function useAnnouncements(snapshot: () => SessionSnapshot): void {
  const { t } = useI18n();
  const { announce } = useApp();
  const current = (): { sessionId: string | null; replyId: string | null } => {
    const { sessionId, view } = snapshot();
    return { sessionId, replyId: view?.streaming?.messageId ?? null };
  };
  watch(current, (now, before) => {
    if (now.sessionId !== before.sessionId || now.replyId === before.replyId) return;
    if (now.replyId !== null) return announce(t('message.started'));
    const ended = snapshot().view?.messages.find((message) => message.id === before.replyId);
    if (ended === undefined) return;
    const text = spoken(ended.content, SPOKEN_CHARACTERS);
    announce(ended.status === 'complete' ? t('message.finished', { text }) : ended.status === 'failed' ? t('message.failed') : t('message.ended'));
  });
}
