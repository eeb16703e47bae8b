/** A search as somebody types it: asked when the typing rests, of which only the newest answer counts. */
import type { FoundSession } from '../../../src/protocol/wire.ts';
import type { Environment } from './environment.ts';
import { Observable } from './observable.ts';
import type { ClientError } from './result.ts';
import type { Transport } from './transport.ts';

export interface SearchState {
  /** What `found` was asked for; another query may be on its way. */
  query: string;
  found: readonly FoundSession[];
  hasMore: boolean;
  before: string | undefined;
  /** An answer is waited for, or the typing is. */
  busy: boolean;
  error: ClientError | null;
}

/** The typing rests after this long, in ms. */
const REST_MS = 200;
const NOTHING: SearchState = { query: '', found: [], hasMore: false, before: undefined, busy: false, error: null };

export class SessionSearch {
  readonly state = new Observable<SearchState>(NOTHING);
  private readonly env: Environment;
  private readonly transport: Transport;
  private wanted = '';
  /** Grows with every question, so that the answer to an older one is not taken. */
  private round = 0;
  private cancelTimer = (): void => {};

  constructor(env: Environment, transport: Transport) {
    this.env = env;
    this.transport = transport;
  }

  /** What is typed now. Nothing but spaces ends the search. */
  type(text: string): void {
    const query = text.trim();
    if (query === this.wanted) return;
    this.wanted = query;
    this.round += 1;
    this.cancelTimer();
    if (query === '') return this.state.set(NOTHING);
    this.set({ busy: true, error: null });
    this.cancelTimer = this.env.clock.after(REST_MS, () => void this.ask());
  }

  /** The same once more: after a failure, or when the connection is back. */
  async ask(): Promise<void> {
    this.cancelTimer();
    const query = this.wanted;
    if (query === '') return;
    const answer = await this.request({ query });
    if (answer === null) return;
    if (!answer.ok) return this.set({ busy: false, error: answer.error });
    const { found, hasMore, before } = answer.value;
    this.state.set({ query, found, hasMore, before, busy: false, error: null });
  }

  async more(): Promise<void> {
    const { query, found, before, hasMore, busy } = this.state.value;
    if (!hasMore || busy || before === undefined) return;
    const answer = await this.request({ query, before });
    if (answer === null) return;
    if (!answer.ok) return this.set({ busy: false, error: answer.error });
    const known = new Set(found.map(({ session }) => session.id));
    const further = answer.value.found.filter(({ session }) => !known.has(session.id));
    this.set({ found: [...found, ...further], hasMore: answer.value.hasMore, before: answer.value.before, busy: false });
  }

  /** A chat that is gone is not found any more. */
  drop(sessionId: string): void {
    this.set({ found: this.state.value.found.filter(({ session }) => session.id !== sessionId) });
  }

  close(): void {
    this.round += 1;
    this.cancelTimer();
  }

  /** null: something else is asked by now. */
  private async request(payload: { query: string; before?: string }) {
    const round = (this.round += 1);
    this.set({ busy: true, error: null });
    const answer = await this.transport.request('session:search', payload);
    return round === this.round ? answer : null;
  }

  private set(change: Partial<SearchState>): void {
    this.state.set({ ...this.state.value, ...change });
  }
}
