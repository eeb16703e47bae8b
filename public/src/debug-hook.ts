/** With `?debug` in the address, `window.__holdfast` shows what the page holds: for tests and for reports of faults. */
import type { ChatClient } from './chat-client/chat-client.ts';
import { contentOf } from './chat-client/fold.ts';
import type { CurrentSession } from './composables/use-session.ts';

export interface DebugHook {
  /** The open session's messages with their raw text. */
  messages(): { id: string; role: string; status: string; content: string }[];
  snapshot(): unknown;
  connection(): unknown;
}
declare global {
  interface Window {
    __holdfast?: DebugHook;
  }
}

export function installDebugHook(client: ChatClient, session: CurrentSession): void {
  if (!new URLSearchParams(location.search).has('debug')) return;
  window.__holdfast = {
    messages() {
      const { view } = session.store.value.snapshot.value;
      if (view === null) return [];
      return view.messages.map((message) => ({ id: message.id, role: message.role, status: message.status, content: contentOf(view, message) }));
    },
    snapshot: () => session.store.value.snapshot.value,
    connection: () => client.connection.state.value,
  };
}
