/** The user's sessions, pinned ones and then the newest first, kept current by sessions:changed; loaded anew with every connection. */
import { MAX_PAGE } from '../../../src/protocol/limits.ts';
import type { Session, SessionsReply, ShareReply } from '../../../src/protocol/wire.ts';
import { RETRY, backoffMs } from './backoff.ts';
import type { Environment } from './environment.ts';
import type { ConnectionFrame } from './frames.ts';
import { Observable, Signal } from './observable.ts';
import { Removals } from './removals.ts';
import { isUnknownOutcome, succeeded, type ClientError, type Result } from './result.ts';
import type { Transport } from './transport.ts';

export interface SessionListState {
  sessions: readonly Session[];
  /** False until the first page was there. */
  loaded: boolean;
  loading: boolean;
  hasMore: boolean;
  before: string | undefined;
  error: ClientError | null;
}
export type Change = Extract<ConnectionFrame, { kind: 'sessions' }>;

const PAGE = 30;

export class SessionList {
  readonly state = new Observable<SessionListState>({ sessions: [], loaded: false, loading: false, hasMore: false, before: undefined, error: null });
  /** Every change, whoever made it. */
  readonly changes = new Signal<Change>();
  private readonly env: Environment;
  private readonly transport: Transport;
  private readonly removals: Removals;
  /** Also those that are hidden: they may come back, from whichever tab. */
  private known: readonly Session[] = [];
  private round = 0;
  private attempt = 0;
  private cancelTimer = (): void => {};

  /** `key`: where removals that are not carried out yet are kept. */
  constructor(env: Environment, transport: Transport, key: string) {
    this.env = env;
    this.transport = transport;
    this.removals = new Removals(env, key);
  }

  /** The first page anew, as long as what is loaded now. */
  async load(): Promise<void> {
    const limit = Math.min(MAX_PAGE, Math.max(PAGE, this.known.length));
    const changes = this.begin();
    const { round } = this;
    const answer = await this.transport.request('session:list', { limit });
    if (round !== this.round) return;
    if (!answer.ok) return this.failed(answer.error);
    this.attempt = 0;
    this.take(answer.value, answer.value.sessions, changes);
    for (const sessionId of this.removals.overdue()) void this.remove(sessionId);
  }

  async loadMore(): Promise<void> {
    const { before, hasMore, loading } = this.state.value;
    if (!hasMore || loading) return;
    const changes = this.begin();
    const { round } = this;
    const answer = await this.transport.request('session:list', { limit: PAGE, ...(before !== undefined && { before }) });
    if (round !== this.round) return;
    if (!answer.ok) return this.state.set({ ...this.state.value, loading: false, error: answer.error });
    const known = new Set(this.known.map((session) => session.id));
    this.take(answer.value, [...this.known, ...answer.value.sessions.filter((session) => !known.has(session.id))], changes);
  }

  async rename(sessionId: string, title: string): Promise<Result<Session>> {
    return sessionOf(this.shown('renamed', await this.transport.request('session:rename', { sessionId, title })));
  }

  /** Above all others, or back among them. */
  async pin(sessionId: string, pinned: boolean): Promise<Result<Session>> {
    return sessionOf(this.shown('updated', await this.transport.request('session:pin', { sessionId, pinned })));
  }

  /** Everybody with the link can read it as it is now; once more, and the same link shows what is new. Answers the link. */
  async share(sessionId: string): Promise<Result<ShareReply>> {
    return this.shown('updated', await this.transport.request('session:share', { sessionId }));
  }

  async unshare(sessionId: string): Promise<Result<Session>> {
    return sessionOf(this.shown('updated', await this.transport.request('session:unshare', { sessionId })));
  }

  /** Takes it out of sight; it is deleted by `remove` and comes back by `keep`. */
  hide(sessionId: string): void {
    this.removals.add(sessionId);
    this.show();
  }

  hides(sessionId: string): boolean {
    return this.removals.has(sessionId);
  }

  /** Undoes `hide`. */
  keep(sessionId: string): void {
    this.removals.delete(sessionId);
    this.show();
  }

  /** The storage has another value under `key`: another tab may have hidden a session, or undone that. */
  storageChanged(key: string): void {
    // The name of the account's place may follow.
    if (key.startsWith(this.removals.key)) this.show();
  }

  /** For good. Without a connection it is done with the next one. */
  async remove(sessionId: string): Promise<Result<void>> {
    const answer = await this.transport.request('session:delete', { sessionId });
    // Gone already is what was asked for.
    if (!answer.ok && answer.error.code !== 'not-found') {
      if (isUnknownOutcome(answer.error) && this.removals.has(sessionId)) this.removals.fallDue(sessionId);
      else if (this.removals.has(sessionId)) this.keep(sessionId);
      return answer;
    }
    this.removals.delete(sessionId);
    this.receive({ kind: 'sessions', sessionId, change: 'deleted' });
    return succeeded(undefined);
  }

  receive(change: Change): void {
    this.pendingChanges?.push(change);
    this.known = applyChange(this.known, change);
    this.show();
    this.changes.emit(change);
  }

  /** What was changed from here shows at once; its event may be a while. */
  private shown<R extends { session: Session }>(change: 'renamed' | 'updated', answer: Result<R>): Result<R> {
    if (answer.ok) this.receive({ kind: 'sessions', sessionId: answer.value.session.id, change, session: answer.value.session });
    return answer;
  }

  /** Changes that come while a page is on its way are newer than it, and applied to it again. */
  private pendingChanges: Change[] | null = null;

  disconnected(): void {
    this.round += 1;
    this.cancelTimer();
    this.pendingChanges = null;
    this.state.set({ ...this.state.value, loading: false });
  }

  private begin(): Change[] {
    this.round += 1;
    this.cancelTimer();
    this.pendingChanges = [];
    this.state.set({ ...this.state.value, loading: true, error: null });
    return this.pendingChanges;
  }

  private take(page: SessionsReply, sessions: readonly Session[], changes: Change[]): void {
    this.pendingChanges = null;
    // A session that was unpinned may stand at the end of what is loaded, and belong below what came now.
    const ordered = sessions.toSorted((one, other) => Number(isAbove(other, one)) - Number(isAbove(one, other)));
    this.known = changes.reduce(applyChange, ordered as readonly Session[]);
    this.state.set({ sessions: this.visible(), loaded: true, loading: false, hasMore: page.hasMore, before: page.before, error: null });
  }

  private visible(): readonly Session[] {
    return this.known.filter((session) => !this.removals.has(session.id));
  }

  private show(): void {
    this.state.set({ ...this.state.value, sessions: this.visible() });
  }

  private failed(error: ClientError): void {
    this.pendingChanges = null;
    this.state.set({ ...this.state.value, loading: false, error });
    if (error.code === 'offline' || !error.retryable) return;
    this.attempt += 1;
    const wait = Math.max(error.retryAfterMs ?? 0, backoffMs(RETRY, this.attempt, this.env.random));
    this.cancelTimer = this.env.clock.after(wait, () => void this.load());
  }
}

function sessionOf(answer: Result<{ session: Session }>): Result<Session> {
  return answer.ok ? succeeded(answer.value.session) : answer;
}

/** Pinned ones first; then the newest update. */
function isAbove(one: Session, other: Session): boolean {
  const pins = Number(one.pinned ?? false) - Number(other.pinned ?? false);
  return pins === 0 ? one.updatedAt > other.updatedAt : pins > 0;
}

/** A changed session replaces its older self; the list keeps its order. */
export function applyChange(sessions: readonly Session[], change: Change): readonly Session[] {
  if (change.change === 'deleted') return sessions.filter((session) => session.id !== change.sessionId);
  const { session } = change;
  if (session === undefined) return sessions;
  const others = sessions.filter((other) => other.id !== session.id);
  const place = others.findIndex((other) => !isAbove(other, session));
  return place === -1 ? [...others, session] : others.toSpliced(place, 0, session);
}
