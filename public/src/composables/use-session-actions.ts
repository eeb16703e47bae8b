/** What can be done with a chat of the list, with a word to the reader about how it went. */
import { useEventListener } from '@vueuse/core';
import { nextTick } from 'vue';
import { useI18n } from 'vue-i18n';
import type { Session } from '../../../src/protocol/wire.ts';
import { asJson, asMarkdown, fileName, wholeHistory } from '../chat-client/transcript.ts';
import { regionOf } from '../i18n/i18n.ts';
import { useApp } from './app-context.ts';

export type ExportKind = 'md' | 'json';

export interface SessionActions {
  /** False: it has its old title still. */
  rename(session: Session, title: string): Promise<boolean>;
  pin(session: Session, pinned: boolean): Promise<void>;
  /** At once out of sight, deleted when the notice that offers to undo it is gone. */
  remove(session: Session): void;
  download(session: Session, kind: ExportKind): Promise<void>;
}

function save(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  // Not before the browser took it.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function useSessionActions(): SessionActions {
  const { t, locale } = useI18n();
  const { announce, client, route, toasts } = useApp();

  async function removeNow(session: Session): Promise<void> {
    const answer = await client.sessions.remove(session.id);
    if (!answer.ok && answer.error.code !== 'offline') toasts.show(t('toast.removeFailed', { reason: t(`errors.${answer.error.code}`) }));
  }
  return {
    async rename(session, title) {
      const answer = await client.sessions.rename(session.id, title);
      if (!answer.ok) toasts.show(t('toast.renameFailed', { reason: t(`errors.${answer.error.code}`) }));
      return answer.ok;
    },
    async pin(session, pinned) {
      const answer = await client.sessions.pin(session.id, pinned);
      if (!answer.ok) return toasts.show(t('toast.pinFailed', { reason: t(`errors.${answer.error.code}`) }));
      announce(t(pinned ? 'list.pinnedNow' : 'list.unpinnedNow', { title: session.title || t('list.untitled') }));
      await nextTick();
      // It stands elsewhere now, and what had the focus went with its old place.
      if (document.activeElement === document.body) document.querySelector<HTMLElement>(`[data-session-id="${session.id}"] [data-testid=more]`)?.focus();
    },
    remove(session) {
      const wasOpen = route.sessionId.value === session.id;
      client.sessions.hide(session.id);
      if (wasOpen) route.go(null);
      const stop = useEventListener(window, 'pagehide', () => void client.sessions.remove(session.id));
      toasts.show({
        text: t('toast.removed', { title: session.title || t('list.untitled') }),
        tone: 'plain',
        action: {
          label: t('toast.undo'),
          run() {
            stop();
            client.sessions.keep(session.id);
            if (wasOpen) route.go(session.id);
          },
        },
        gone() {
          stop();
          void removeNow(session);
        },
      });
    },
    async download(session, kind) {
      const answer = await wholeHistory(client.connection, session.id);
      if (!answer.ok) return toasts.show(t('toast.exportFailed', { reason: t(`errors.${answer.error.code}`) }));
      const time = new Intl.DateTimeFormat(regionOf(locale.value), { dateStyle: 'medium', timeStyle: 'short' });
      const words = {
        user: t('message.you'),
        assistant: t('message.assistant'),
        time: (at: string) => time.format(new Date(at)),
        mark: (status: string) => (status === 'cancelled' || status === 'interrupted' ? t(`message.${status}`) : status === 'failed' ? t('message.failed') : ''),
      };
      if (kind === 'md') save(fileName(session.title, kind), 'text/markdown;charset=utf-8', asMarkdown(session, answer.value, words));
      else save(fileName(session.title, kind), 'application/json', asJson(session, answer.value));
    },
  };
}
