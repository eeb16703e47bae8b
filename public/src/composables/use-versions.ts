/** What can be done with the versions of messages, for whatever shows messages. */
import { computed, inject, provide, shallowRef, watch, type ComputedRef, type InjectionKey, type Ref, type ShallowRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { MAX_VERSIONS } from '../../../src/protocol/limits.ts';
import type { Message } from '../../../src/protocol/wire.ts';
import type { SessionSnapshot, SessionStore } from '../chat-client/session-store.ts';
import type { VersionRequest } from '../chat-client/asked-versions.ts';
import { useApp } from './app-context.ts';
import { useEdits, type Edits } from './use-edits.ts';
import { useLasting } from './use-lasting.ts';

export interface Versions {
  /** The version on its way. */
  readonly making: ComputedRef<VersionRequest | null>;
  /** Why nothing can be asked for now, in words; null: it can. */
  readonly wait: ComputedRef<string | null>;
  /** What is asked for waits for the connection. */
  readonly away: Readonly<Ref<boolean>>;
  readonly edits: Edits;
  /** The arrow that was pressed last: what it stands under changes, and it should stay under the pointer. */
  readonly pressed: ShallowRef<HTMLElement | null>;
  make(request: VersionRequest): void;
  select(messageId: string, pressed: HTMLElement | null): void;
  /** Takes back what is on its way. */
  withdraw(): void;
}

const key: InjectionKey<Versions> = Symbol('versions');
const AWAY_AFTER_MS = 700;

/** null where a chat is only read. */
export function useVersions(): Versions | null {
  return inject(key, null);
}

/** `arrived`: the version that was asked for is shown from now on. */
export function provideVersions(store: () => SessionStore, snapshot: () => SessionSnapshot, arrived: () => void): void {
  const { t } = useI18n();
  const { client, toasts } = useApp();
  const edits = useEdits(client);
  const making = computed(() => snapshot().making);
  const wait = computed(() => {
    const { view, pending, switching } = snapshot();
    if (view === null || view.streaming !== null) return t('versions.waitReply');
    if (pending.some(({ status }) => status === 'sending')) return t('versions.waitSending');
    return making.value !== null || switching !== null ? t('versions.waitVersion') : null;
  });
  const pressed = shallowRef<HTMLElement | null>(null);
  const find = (messageId: string): Message | undefined => snapshot().view?.messages.find(({ id }) => id === messageId);
  /** Why this cannot be asked for; null: it can. */
  const refusal = ({ messageId }: VersionRequest): string | null => {
    const full = (find(messageId)?.versions?.length ?? 0) >= MAX_VERSIONS;
    return wait.value ?? (full ? t('versions.most', { count: MAX_VERSIONS }) : null);
  };
  let asked: VersionRequest | null = null;

  watch(snapshot, ({ making: onItsWay, view }) => {
    // Also one of an earlier page.
    asked = onItsWay ?? asked;
    if (asked === null || onItsWay !== null) return;
    const { kind, messageId } = asked;
    asked = null;
    // Taken back before the chat was there to be seen.
    if (view === null) return;
    // What it was made of stays where it was refused or taken back: an edit goes on with its text.
    if (find(messageId) !== undefined) return;
    if (kind === 'edit') edits.end(messageId);
    arrived();
  }, { flush: 'post', immediate: true });
  watch(store, () => (asked = null));
  useSwitchAnnouncements(snapshot);

  provide(key, {
    making,
    wait,
    away: useLasting(() => snapshot().phase !== 'live', AWAY_AFTER_MS),
    edits,
    pressed,
    make(request) {
      const reason = refusal(request);
      // At once: it may be there before the watcher hears of it.
      if (reason === null && store().makeVersion(request)) asked = request;
      else toasts.show(reason ?? t('versions.waitReply'));
    },
    select(messageId, arrow) {
      if (wait.value !== null) return toasts.show(wait.value);
      pressed.value = arrow;
      void store().select(messageId);
    },
    withdraw: () => void store().withdrawVersion(),
  });
}

/** Which version is shown, for those who do not see the arrows. */
function useSwitchAnnouncements(snapshot: () => SessionSnapshot): void {
  const { t } = useI18n();
  const { announce } = useApp();
  watch(() => snapshot().switching, (_now, before) => {
    const message = snapshot().view?.messages.find(({ id }) => id === before);
    const { versions } = message ?? {};
    if (message !== undefined && versions !== undefined) announce(t('versions.of', { number: versions.indexOf(message.id) + 1, count: versions.length }));
  });
}
