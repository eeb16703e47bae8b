/** What every component may need, given once at the root. */
import { inject, type InjectionKey, type Ref } from 'vue';
import type { ChatClient } from '../chat-client/chat-client.ts';
import type { Route } from './use-route.ts';
import type { Settings } from './use-settings.ts';
import type { Toasts } from './use-toasts.ts';

export interface AppContext {
  client: ChatClient;
  settings: Ref<Settings>;
  route: Route;
  toasts: Toasts;
  /** Says something to screen readers only. */
  announce(text: string): void;
}

export const appContextKey: InjectionKey<AppContext> = Symbol('app');

export function useApp(): AppContext {
  const context = inject(appContextKey);
  if (context === undefined) throw new Error('The component is used outside of the app.');
  return context;
}
