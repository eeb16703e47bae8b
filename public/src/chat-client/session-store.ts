/** One session as the page sees it: what the server has, what is on its way there, and what is being stopped. */
import type { FeedbackReply, MessageFile, Mode, Rating, Session, SettingsChange } from '../../../src/protocol/wire.ts';
import { AskedVersions, type VersionRequest } from './asked-versions.ts';
import { Canceller } from './canceller.ts';
import { configure } from './configure.ts';
import type { Environment } from './environment.ts';
import { prependPage, type SessionView } from './fold.ts';
import type { SessionFrame } from './frames.ts';
import { Observable, Signal } from './observable.ts';
import { Outbox, type PendingSend } from './outbox.ts';
import { failed, localError, type ClientError, type Result } from './result.ts';
import type { Change } from './session-list.ts';
import { SessionSync, type SyncPhase } from './session-sync.ts';
import type { Transport } from './transport.ts';
import { Unsent, type UnsentMessage } from './unsent.ts';
import { VersionRequests } from './version-requests.ts';
import { VersionSwitch } from './version-switch.ts';

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
  /** The version to be shown instead of another, and not shown yet. */
  switching: string | null;
  /** Stop was pressed and the reply has not ended yet. */
  cancelling: boolean;
  older: { loading: boolean; error: ClientError | null };
}

/** What went wrong, and with what: stopping a reply, making a version, or showing another one. */
export type SessionProblem = ClientError & { of: 'stop' | 'version' | 'switch' };

/** What no server has taken yet, of all sessions. */
export interface Waiting {
  unsent: Unsent;
  asked: AskedVersions;
}

const PAGE = 50;

export class SessionStore {
  readonly snapshot: Observable<SessionSnapshot>;
  /** A refusal that belongs to no message and is worth telling. */
  readonly problems = new Signal<SessionProblem>();
  private readonly env: Environment;
  private readonly transport: Transport;
  private readonly sync: SessionSync;
  private readonly unsent: Unsent;
  private readonly outbox: Outbox;
  private readonly canceller: Canceller;
  private readonly versions: VersionRequests;
  private readonly switch: VersionSwitch;
  private older: SessionSnapshot['older'] = { loading: false, error: null };

  constructor(env: Environment, transport: Transport, sessionId: string | null, mode: Mode, { unsent, asked }: Waiting = { unsent: new Unsent(env, 'alone'), asked: new AskedVersions(env, 'alone') }) {
    const changed = (): void => this.update();
    this.env = env;
    this.unsent = unsent;
    this.transport = transport;
    this.sync = new SessionSync(env, transport, sessionId, mode, changed);
    this.outbox = new Outbox(env, transport, this.sync, unsent, changed);
    const problem = (of: SessionProblem['of']) => (error: ClientError): void => this.problems.emit({ ...error, of });
    this.canceller = new Canceller(env, transport, this.sync, this.outbox, { changed, problem: problem('stop') });
    this.versions = new VersionRequests(env, transport, this.sync, asked, { changed, problem: problem('version'), unwanted: (replyId) => this.canceller.stop(replyId) });
    this.outbox.waits = (createdAt) => this.versions.comesBefore(createdAt);
    this.switch = new VersionSwitch(env, transport, this.sync, { changed, problem: problem('switch') });
    this.snapshot = new Observable(this.take());
    if (sessionId === null) return;
    this.sync.start();
    this.outbox.restore(unsent.of(sessionId));
    this.versions.restore(asked.of(sessionId));
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
  /** Everything that waits here. */
  discardAll(): void {
    for (const { clientMessageId } of this.outbox.pending) this.outbox.discard(clientMessageId);
  }
  /** Stops the reply, also one that is not there yet. Answers the text of a message taken back instead of sent. */
  cancel(): string | null {
    return this.withdrawVersion() ? null : this.canceller.request();
  }
  /** False when another version is on its way, or a reply streams. */
  makeVersion(request: VersionRequest): boolean {
    return this.versions.make(request);
  }
  /** Takes back the version that is on its way; false when none is. One that is made all the same is stopped. */
  withdrawVersion(): boolean {
    return this.versions.withdraw();
  }
  /** Shows this version instead, in every tab. */
  async select(messageId: string): Promise<void> {
    await this.switch.to(messageId);
  }
  /** What its next replies ask of the model; every tab hears of it. */
  configure(settings: SettingsChange): Promise<Result<Session>> {
    return configure(this.env, this.transport, this, settings);
  }
  /** What the reader thinks of a reply; null takes it back. The last one counts, and every tab hears of it. */
  async rate(messageId: string, rating: Rating | null, comment?: string): Promise<Result<FeedbackReply>> {
    if (this.sessionId === null) return failed(localError('offline'));
    return this.transport.request('message:feedback', { sessionId: this.sessionId, messageId, rating, ...(comment !== undefined && { comment }) });
  }
  /** Opens it again after a failure. */
  reopen(): void {
    this.sync.start();
  }

  async loadOlder(limit = PAGE): Promise<void> {
    const { view } = this.sync;
    const { sessionId } = this;
    if (view === null || sessionId === null || !view.hasMore || this.older.loading) return;
    this.setOlder({ loading: true, error: null });
    const request = { sessionId, limit, ...(view.before !== undefined && { before: view.before }) };
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
    // A tab that is gone may have left something here.
    if (this.sessionId !== null) this.outbox.restore(this.unsent.of(this.sessionId));
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
  /** Another tab wrote something, asked for a version, or took one of these back. */
  keptElsewhere(): void {
    this.update();
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
    const { phase, error } = this.sync;
    if (phase === 'failed' && error?.code === 'not-found' && this.outbox.begins) this.sync.startAnew();
  }

  private update(): void {
    this.outbox.follow();
    this.rescue();
    this.outbox.settle(this.sync.view);
    this.canceller.settle(this.sync.view);
    this.versions.settle(this.sync.view);
    this.switch.settle(this.sync.view);
    this.outbox.keep();
    this.versions.keep();
    this.snapshot.set(this.take());
    this.outbox.pump();
    this.canceller.pump();
    this.versions.pump();
  }

  private take(): SessionSnapshot {
    const { sessionId, phase, view, error } = this.sync;
    return { sessionId, phase, view, error, pending: this.outbox.pending, making: this.versions.pending, switching: this.switch.pending, cancelling: this.canceller.active, older: this.older };
  }
}
