/** Which session the address names, and how to go to another. What follows `?` stays as it is. */
import { shallowRef, type ShallowRef } from 'vue';
import type { RouteLocationRaw, Router } from 'vue-router';

export interface Route {
  /** null: a new chat. */
  readonly sessionId: Readonly<ShallowRef<string | null>>;
  go(sessionId: string | null, how?: 'push' | 'replace'): void;
  href(sessionId: string | null): string;
}

/** `router` has its first address already. */
export function useRoute(router: Router): Route {
  const { currentRoute } = router;
  const here = (): string | null => (typeof currentRoute.value.params.id === 'string' ? currentRoute.value.params.id : null);
  const sessionId = shallowRef(here());
  const to = (id: string | null): RouteLocationRaw => {
    const { query } = currentRoute.value;
    return id === null ? { name: 'new', query } : { name: 'session', params: { id }, query };
  };
  router.afterEach(() => (sessionId.value = here()));
  return {
    sessionId,
    href: (id) => router.resolve(to(id)).href,
    go(id, how = 'push') {
      if (id === sessionId.value) return;
      // Known at once: the router tells of it a moment later, and a second call in between must not push again.
      sessionId.value = id;
      void (how === 'push' ? router.push(to(id)) : router.replace(to(id)));
    },
  };
}
