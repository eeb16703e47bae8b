/** The session the address names, opened and closed as the address changes; its snapshot at most once a frame. */
import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue';
import type { ChatClient } from '../chat-client/chat-client.ts';
import type { SessionProblem, SessionSnapshot, SessionStore } from '../chat-client/session-store.ts';
import { oncePerFrame } from './use-observable.ts';
import type { Route } from './use-route.ts';

export interface CurrentSession {
  readonly store: Readonly<ShallowRef<SessionStore>>;
  readonly snapshot: Readonly<ShallowRef<SessionSnapshot>>;
  /** An empty chat, also when this one is new and has a message on its way already. */
  startNew(): void;
}

export function useSession(client: ChatClient, route: Route, onProblem: (problem: SessionProblem) => void): CurrentSession {
  const store = shallowRef(client.open(route.sessionId.value));
  const snapshot = shallowRef(store.value.snapshot.value);
  const frame = oncePerFrame(() => (snapshot.value = store.value.snapshot.value));
  let stop = (): void => {};

  const follow = (): void => {
    const followed = store.value;
    frame.cancel();
    snapshot.value = followed.snapshot.value;
    const stops = [followed.problems.subscribe(onProblem), followed.snapshot.subscribe((next) => {
      // A new session has its id from here on, or one that never came to be another; the address says so.
      if (next.sessionId !== null && route.sessionId.value !== next.sessionId) route.go(next.sessionId, 'replace');
      frame.request();
    })];
    stop = () => stops.forEach((end) => end());
  };
  const show = (sessionId: string | null): void => {
    stop();
    const left = store.value;
    store.value = client.open(sessionId);
    if (left !== store.value) client.close(left);
    follow();
  };

  follow();
  watch(route.sessionId, (id) => {
    if (id !== store.value.sessionId) show(id);
  }, { flush: 'sync' });
  onScopeDispose(() => {
    stop();
    client.close(store.value);
  });
  return {
    store,
    snapshot,
    startNew() {
      if (route.sessionId.value !== null) route.go(null);
      else if (snapshot.value.phase !== 'draft') show(null);
    },
  };
}
