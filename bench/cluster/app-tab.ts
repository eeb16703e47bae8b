/** A tab of the app without its page: the app's own client, which reconnects and resumes as it does in a browser. */
import { randomUUID } from 'node:crypto';
import { ChatClient } from '../../public/src/chat-client/chat-client.ts';
import type { Environment } from '../../public/src/chat-client/environment.ts';
import { contentOf } from '../../public/src/chat-client/fold.ts';
import type { SessionStore } from '../../public/src/chat-client/session-store.ts';
import { until } from '../node-process.ts';

function environment(): Environment {
  const values = new Map<string, string>();
  return {
    clock: {
      now: () => Date.now(),
      after(ms, task) {
        const timer = setTimeout(task, ms);
        return () => clearTimeout(timer);
      },
    },
    random: Math.random,
    newId: randomUUID,
    fetch: globalThis.fetch,
    storage: { get: (key) => values.get(key) ?? null, set: (key, value) => void values.set(key, value), remove: (key) => void values.delete(key) },
    exclusively: (_, task) => task(),
    onWake: () => () => {},
  };
}

export class AppTab {
  readonly client: ChatClient;
  /** performance.now() of every growth of the reply's text. */
  readonly growths: number[] = [];
  private store: SessionStore | null = null;
  private length = 0;

  constructor(url: string, token: string) {
    this.client = new ChatClient({ url, environment: environment() });
    this.client.signIn(token);
  }

  async online(): Promise<void> {
    await until('the tab to be online', () => this.nodeId !== '');
  }

  /** The process it is connected to; '' while it is not. */
  get nodeId(): string {
    const state = this.client.connection.state.value;
    return state.phase === 'online' ? (state.hello?.nodeId ?? '') : '';
  }

  /** null: a new session, begun by the first message. */
  open(sessionId: string | null): void {
    this.store = this.client.open(sessionId);
    this.store.snapshot.subscribe(() => this.look());
  }
  send(content: string): void {
    this.store?.send(content);
  }

  get sessionId(): string | null {
    return this.store?.sessionId ?? null;
  }
  get isLive(): boolean {
    return this.store?.snapshot.value.phase === 'live';
  }
  /** The newest reply as this tab shows it. */
  get reply(): { id: string; status: string; text: string } | null {
    const view = this.store?.snapshot.value.view;
    const message = view?.messages.findLast(({ role }) => role === 'assistant');
    return view && message ? { id: message.id, status: message.status, text: contentOf(view, message) } : null;
  }

  close(): void {
    this.client.disconnect();
  }

  private look(): void {
    const length = this.reply?.text.length ?? 0;
    if (length > this.length) this.growths.push(performance.now());
    this.length = length;
  }
}
