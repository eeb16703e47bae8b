/** One session as the page sees it: what the server has, what is on its way there, and what is being stopped. */
import type { MessageFile, Mode } from '../../../src/protocol/wire.ts';
import { Canceller } from './canceller.ts';
import type { Environment } from './environment.ts';
import { prependPage, type SessionView } from './fold.ts';
import type { SessionFrame } from './frames.ts';
import { Observable, Signal } from './observable.ts';
import { Outbox, type PendingSend } from './outbox.ts';
import type { ClientError } from './result.ts';
import type { Change } from './session-list.ts';
import { SessionSync, type SyncPhase } from './session-sync.ts';
import type { Transport } from './transport.ts';
import { Unsent, type UnsentMessage } from './unsent.ts';
import { VersionRequests, type VersionRequest } from './version-requests.ts';

export interface SessionSnapshot {
  /** null until the first message of a new session is on its way. */
  sessionId: string | null;
  phase: SyncPhase;
  view: SessionView | null;
  /** Why the last open failed. */
  error: ClientError | null;
  pending: readonly PendingSend[];
  /** The version that was asked for and is not there yet. */
  making: VersionRequest | null;
  /** Stop was pressed and the reply has not ended yet. */
  cancelling: boolean;
  older: { loading: boolean; error: ClientError | null };
}

const PAGE = 50;

export class SessionStore {
  readonly snapshot: Observable<SessionSnapshot>;
  /** A refusal that belongs to no message and is worth telling. */
  readonly problems = new Signal<ClientError>();
  private readonly transport: Transport;
  private readonly sync: SessionSync;
  private readonly outbox: Outbox;
  private readonly canceller: Canceller;
  private readonly versions: VersionRequests;
  private older: SessionSnapshot['older'] = { loading: false, error: null };

  constructor(env: Environment, transport: Transport, sessionId: string | null, mode: Mode, unsent: Unsent = new Unsent(env, 'alone')) {
    const changed = (): void => this.update();
    this.transport = transport;
    this.sync = new SessionSync(env, transport, sessionId, mode, changed);
    this.outbox = new Outbox(env, transport, this.sync, unsent, changed);
    const problem = (error: ClientError): void => this.problems.emit(error);
    this.canceller = new Canceller(env, transport, this.sync, this.outbox, { changed, problem });
    this.versions = new VersionRequests(env, transport, this.sync, { changed, problem });
    this.snapshot = new Observable(this.take());
    if (sessionId !== null) this.sync.start();
    if (sessionId !== null) this.outbox.restore(unsent.of(sessionId));
  }

  get sessionId(): string | null {
    return this.sync.sessionId;
  }

  /** Nothing is on its way: closing it loses nothing. */
  get idle(): boolean {
    return this.outbox.pending.every((entry) => entry.status === 'refused') && this.versions.pending === null;
  }

  /** Messages of new chats that nobody else will send. */
  takeOver(messages: readonly UnsentMessage[]): void {
    if (messages.length === 0) return;
    this.outbox.restore(messages);
    if (this.sync.phase === 'draft') this.sync.start();
    this.update();
  }

  send(content: string, files: readonly MessageFile[] = []): void {
    this.outbox.add(content, files);
    if (this.sync.phase === 'draft') this.sync.start();
    this.update();
  }
  /** Makes a new session there before its first message: files are uploaded to a session. */
  begin(): void {
    if (this.sync.phase === 'draft') this.sync.start();
  }
  retry(clientMessageId: string): void {
    this.outbox.retry(clientMessageId);
  }
  discard(clientMessageId: string): void {
    this.outbox.discard(clientMessageId);
  }
  /** Stops the reply, also one that is not there yet. Answers the text of a message taken back instead of sent. */
  cancel(): string | null {
    return this.canceller.request();
  }
  /** False when another version is on its way, or a reply streams. */
  makeVersion(request: VersionRequest): boolean {
    return this.versions.make(request);
  }
  /** Shows this version instead, in every tab. */
  async select(messageId: string): Promise<void> {
    const { sessionId } = this;
    if (sessionId === null) return;
    const answer = await this.transport.request('message:select', { sessionId, messageId });
    if (!answer.ok) this.problems.emit(answer.error);
  }
  /** Opens it again after a failure. */
  reopen(): void {
    this.sync.start();
  }

  async loadOlder(): Promise<void> {
    const { view } = this.sync;
    const { sessionId } = this;
    if (view === null || sessionId === null || !view.hasMore || this.older.loading) return;
    this.setOlder({ loading: true, error: null });
    const request = { sessionId, limit: PAGE, ...(view.before !== undefined && { before: view.before }) };
    const answer = await this.transport.request('session:history', request);
    const now = this.sync.view;
    // A fresh start meanwhile has another top: the page would not fit above it.
    if (answer.ok && now !== null && now.before === view.before) this.sync.replaceView(prependPage(now, answer.value));
    this.setOlder({ loading: false, error: answer.ok ? null : answer.error });
  }

  // ---- from the connection --------------------------------------------------------------------------------------

  receive(frame: SessionFrame): void {
    this.sync.receive(frame);
  }
  connected(): void {
    this.sync.connected();
  }
  disconnected(): void {
    this.sync.disconnected();
  }
  /** What the list was told of this session: a newer title, or that it is gone. */
  changed({ change, session }: Change): void {
    const { view } = this.sync;
    if (view === null) return;
    const title = session?.title ?? view.session.title;
    const deleted = view.deleted || change === 'deleted';
    if (title !== view.session.title || deleted !== view.deleted) this.sync.replaceView({ ...view, deleted, session: { ...view.session, title } });
  }
  close(): void {
    this.sync.close();
  }

  private setOlder(older: SessionSnapshot['older']): void {
    this.older = older;
    this.update();
  }

  /** Its session was never there, as its first message did not arrive: a new one takes it. */
  private rescue(): void {
    const { phase, view, error } = this.sync;
    const waits = this.outbox.pending.some((entry) => entry.status === 'sending');
    if (phase === 'failed' && view === null && error?.code === 'not-found' && waits) this.sync.startAnew();
  }

  private update(): void {
    this.rescue();
    this.outbox.settle(this.sync.view);
    this.canceller.settle(this.sync.view);
    this.versions.settle(this.sync.view);
    this.outbox.keep();
    this.snapshot.set(this.take());
    this.outbox.pump();
    this.canceller.pump();
    this.versions.pump();
  }

  private take(): SessionSnapshot {
    const { sessionId, phase, view, error } = this.sync;
    return { sessionId, phase, view, error, pending: this.outbox.pending, making: this.versions.pending, cancelling: this.canceller.active, older: this.older };
  }
}
