/**
 * The addresses of the app: `/` is a new chat, `/s/<id>` a session. A page that is hosted elsewhere may have no server
 * that answers such paths, so there it is `#/s/<id>`; either kind is understood everywhere.
 */
import { createRouter, createWebHashHistory, createWebHistory, type Router } from 'vue-router';

/** The folder the app is served from, with slashes at both ends. */
const BASE = import.meta.env.BASE_URL;
const SESSION = /\/s\/([A-Za-z0-9_-]{1,64})\/?$/;
/** The page is one component; routes only say which session it shows. */
const nothing = { render: () => null };

/** A shared session's page is another one: it stands behind `#` everywhere, so that no server's log has its address. */
export function shareIdIn(hash: string): string | null {
  return /^#\/share\/([A-Za-z0-9]{1,64})\/?$/.exec(hash)?.[1] ?? null;
}

export function sessionIdIn(pathname: string, hash: string): string | null {
  return SESSION.exec(hash.startsWith('#/s/') ? hash : pathname)?.[1] ?? null;
}

export function makeRouter(style: 'path' | 'hash'): Router {
  const id = sessionIdIn(location.pathname, location.hash);
  // A link of the other kind becomes one of this kind before the router looks at it.
  const other = style === 'path' ? location.hash.startsWith('#/') : location.hash === '';
  if (other) {
    const rest = id === null ? '' : `s/${id}`;
    history.replaceState(null, '', style === 'path' ? `${BASE}${rest}${location.search}` : `${BASE}${location.search}#/${rest}`);
  }
  return createRouter({
    history: style === 'path' ? createWebHistory(BASE) : createWebHashHistory(`${BASE}${location.search}`),
    routes: [
      { path: '/', name: 'new', component: nothing },
      { path: '/s/:id([A-Za-z0-9_-]{1,64})', name: 'session', component: nothing },
      { path: '/:rest(.*)*', redirect: { name: 'new' } },
    ],
  });
}
