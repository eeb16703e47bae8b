/**
 * Which session the address names: `/s/<id>`. A page that is hosted elsewhere may have no server that answers such
 * paths, so there it is `#/s/<id>`; either kind is understood everywhere.
 */
import { useEventListener } from '@vueuse/core';
import { shallowRef, type ShallowRef } from 'vue';
import { sessionIdSchema } from '../../../src/protocol/wire.ts';

export interface Route {
  /** null: a new chat. */
  readonly sessionId: Readonly<ShallowRef<string | null>>;
  go(sessionId: string | null, how?: 'push' | 'replace'): void;
  href(sessionId: string | null): string;
}

/** The folder the app is served from, with slashes at both ends. */
const BASE = import.meta.env.BASE_URL;

export function sessionIdIn(pathname: string, hash: string): string | null {
  const found = /\/s\/([^/]+)\/?$/.exec(hash.startsWith('#/s/') ? hash : pathname)?.[1];
  return sessionIdSchema.safeParse(found).data ?? null;
}

export function useRoute(style: 'path' | 'hash'): Route {
  const here = (): string | null => sessionIdIn(location.pathname, location.hash);
  const sessionId = shallowRef(here());
  const href = (id: string | null): string => {
    const rest = id === null ? '' : `s/${id}`;
    return style === 'path' ? `${BASE}${rest}${location.search}` : `${BASE}${location.search}#/${rest}`;
  };
  useEventListener(window, ['popstate', 'hashchange'], () => (sessionId.value = here()));
  return {
    sessionId,
    href,
    go(id, how = 'push') {
      if (id === sessionId.value) return;
      if (how === 'push') history.pushState(null, '', href(id));
      else history.replaceState(null, '', href(id));
      sessionId.value = id;
    },
  };
}
