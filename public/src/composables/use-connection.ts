/** The connection in words: what the badge shows and what its details explain. */
import { useIntervalFn, useOnline } from '@vueuse/core';
import { computed, ref, watch, type ComputedRef, type Ref } from 'vue';
import { useI18n } from 'vue-i18n';
import type { ConnectionState } from '../chat-client/connection.ts';
import { useApp } from './app-context.ts';
import { useObservable } from './use-observable.ts';

export type Tone = 'good' | 'busy' | 'bad' | 'idle';

export interface ConnectionInWords {
  readonly state: Ref<ConnectionState>;
  readonly roundTripMs: Ref<number | null>;
  readonly tone: ComputedRef<Tone>;
  readonly label: ComputedRef<string>;
  /** For where there is little room; null where the label is short enough. */
  readonly shortLabel: ComputedRef<string | null>;
  /** Ticks once a second. */
  readonly now: Ref<number>;
}

const TONES: Record<ConnectionState['phase'], Tone> = { online: 'good', connecting: 'busy', waiting: 'busy', off: 'idle', refused: 'bad' };

export function useConnection(): ConnectionInWords {
  const { client } = useApp();
  const { t } = useI18n();
  const state = useObservable(client.connection.state);
  const roundTripMs = useObservable(client.connection.roundTripMs);
  const wasOnline = ref(false);
  const now = ref(Date.now());
  useIntervalFn(() => (now.value = Date.now()), 1000);
  watch(state, ({ phase }) => {
    now.value = Date.now();
    if (phase === 'online') wasOnline.value = true;
  }, { immediate: true });

  const network = useOnline();
  const secondsTo = (time: number): number => Math.max(1, Math.ceil((time - now.value) / 1000));
  const label = computed(() => {
    const current = state.value;
    // The browser knows that there is no network; tries go on, as it may be wrong.
    if (!network.value && (current.phase === 'waiting' || current.phase === 'connecting')) return t('connection.offline');
    if (current.phase === 'waiting') return t('connection.waiting', { seconds: secondsTo(current.retryAt) });
    if (current.phase === 'connecting') return t(current.moving ? 'connection.moving' : wasOnline.value ? 'connection.reconnecting' : 'connection.connecting');
    if (current.phase === 'refused' && current.error.code === 'unauthenticated') return t('connection.signIn');
    return t(`connection.${current.phase}`);
  });
  const shortLabel = computed(() => {
    const current = state.value;
    if (current.phase === 'waiting' && network.value) return t('connection.waitingShort', { seconds: secondsTo(current.retryAt) });
    return current.phase === 'connecting' && network.value ? '…' : null;
  });
  return { state, roundTripMs, label, shortLabel, now, tone: computed(() => TONES[state.value.phase]) };
}

/** How long ago, in the largest unit that fits. */
export function useDuration(): (ms: number) => string {
  const { t } = useI18n();
  return (ms) => {
    const seconds = Math.max(0, Math.round(ms / 1000));
    if (seconds < 60) return t('duration.seconds', seconds);
    if (seconds < 3_600) return t('duration.minutes', Math.floor(seconds / 60));
    if (seconds < 86_400) return t('duration.hours', Math.floor(seconds / 3_600));
    return t('duration.days', Math.floor(seconds / 86_400));
  };
}
