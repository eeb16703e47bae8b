/** What every component may need, given once at the root. */
import { inject, type InjectionKey, type Ref, type ShallowRef } from 'vue';
import type { ChatClient } from '../chat-client/chat-client.ts';
import type { Route } from './use-route.ts';
import type { Settings } from './use-settings.ts';
import type { Toasts } from './use-toasts.ts';

/** A message somebody chose to see. */
export interface Target {
  sessionId: string;
  messageId: string;
  position: number;
}

export interface AppContext {
  client: ChatClient;
  settings: Ref<Settings>;
  route: Route;
  toasts: Toasts;
  /** Where to go in the session that is opened; null once it is there. */
  target: ShallowRef<Target | null>;
  /** Says something to screen readers only. */
  announce(text: string): void;
}

export const appContextKey: InjectionKey<AppContext> = Symbol('app');

/** Given apart: what shows a text may stand outside of the app, where the rest is not. */
export const toastsKey: InjectionKey<Toasts> = Symbol('toasts');

export function useToasts(): Toasts {
  const toasts = inject(toastsKey);
  if (toasts === undefined) throw new Error('The component is used where no notice can be shown.');
  return toasts;
}

export function useApp(): AppContext {
  const context = inject(appContextKey);
  if (context === undefined) throw new Error('The component is used outside of the app.');
  return context;
}
