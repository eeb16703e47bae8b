/**
 * A client of the wire protocol (docs/PROTOCOL.md) without any framework.
 *
 *     const client = new ChatClient({ url: 'https://chat.example', environment: browserEnvironment() });
 *     client.connect();
 *     const session = client.open(null);                  // a new one
 *     session.snapshot.subscribe(({ view }) => draw(view));
 *     session.send('Hello');
 *     session.makeVersion({ kind: 'regenerate', messageId });   // another reply beside this one
 *     session.select(messageId);                                // and back to it, in every tab
 *
 * Whatever happens to the connection, `view` ends equal to what the server stored.
 */
import type { Mode } from '../../../src/protocol/wire.ts';
import type { Account } from './account.ts';
import { AskedVersions } from './asked-versions.ts';
import { Connection, type ConnectionState } from './connection.ts';
import type { Environment } from './environment.ts';
import type { Frame } from './frames.ts';
import { Lingering } from './lingering.ts';
import { Models } from './models.ts';
import { Signal } from './observable.ts';
import { ServerFiles } from './server-files.ts';
import { SessionList } from './session-list.ts';
import { SessionStore, type Waiting } from './session-store.ts';
import { TokenKeeper } from './tokens.ts';
import { Unsent } from './unsent.ts';
import { TokenRefresher } from './token-refresher.ts';

export interface ChatClientOptions {
  /** Origin of the server, without a slash at its end. */
  url: string;
  environment: Environment;
  /** How replies travel: in pieces (`delta`, the default), or whole each time. */
  mode?: Mode;
}

export class ChatClient {
  readonly url: string;
  readonly tokens: TokenKeeper;
  /** Once it is over, this client is of no use any more: the page makes a new one. */
  readonly account: Account;
  readonly connection: Connection;
  readonly sessions: SessionList;
  readonly models: Models;
  readonly files: ServerFiles;
  /** Its storage is that of the account. */
  readonly env: Environment;
  /** Ids of sessions nobody looks at in which a message cannot be sent; opening one shows it. */
  readonly stranded = new Signal<string>();
  private readonly mode: Mode;
  private readonly waiting: Waiting;
  private readonly stores = new Set<SessionStore>();
  private readonly lingering = new Lingering({ close: (store) => this.closeNow(store), stranded: (sessionId) => this.stranded.emit(sessionId) });
  private online = false;

  constructor(options: ChatClientOptions) {
    this.url = options.url;
    const { environment } = options;
    this.mode = options.mode ?? 'delta';
    this.tokens = new TokenKeeper(environment, this.url);
    this.account = this.tokens.account;
    this.env = { ...environment, storage: this.account.storage };
    this.waiting = { unsent: new Unsent(this.env, this.url), asked: new AskedVersions(this.env, this.url) };
    this.connection = new Connection(this.env, this.url, this.tokens);
    this.sessions = new SessionList(this.env, this.connection, `holdfast.removals:${this.url}`);
    this.models = new Models(this.env, this.connection);
    this.files = new ServerFiles(this.env, this.url, this.tokens, this.connection);
    new TokenRefresher(this.env, this.connection, this.tokens);
    this.connection.state.subscribe((state) => this.follow(state));
    this.connection.frames.subscribe((frame) => this.route(frame));
    this.account.over.subscribe(() => this.end());
    this.env.onStored?.((key) => this.stored(key));
    // Who slept was not told.
    this.env.onWake(() => void this.tokens.check());
    this.sessions.changes.subscribe((change) => this.of(change.sessionId).forEach((store) => store.changed(change)));
  }

  connect(): void {
    this.connection.connect();
  }
  disconnect(): void {
    this.connection.disconnect();
  }
  /** Ends a wait, or a try that takes long, with a new try. */
  tryNow(): void {
    this.connection.tryNow();
  }

  /** Signs in with a token somebody else made, and connects with it; as another user, it is over for this client. */
  signIn(token: string): void {
    this.tokens.useOwn(token);
    if (this.account.over.value) return;
    this.connection.disconnect();
    this.connection.connect();
  }
  /** Leaves nothing in the browser, in all tabs. */
  signOut(): void {
    this.account.leave();
    this.tokens.forget();
  }

  /** The session's store, made when it is not open yet; null begins a new session with its first message. */
  open(sessionId: string | null): SessionStore {
    const known = sessionId === null ? undefined : [...this.stores].find((store) => store.sessionId === sessionId);
    if (known !== undefined) {
      this.lingering.delete(known);
      return known;
    }
    const store = new SessionStore(this.env, this.connection, sessionId, this.mode, this.waiting);
    this.stores.add(store);
    return store;
  }

  /** Done with it. One that still has a message on its way is closed once that is through, or cannot be. */
  close(store: SessionStore): void {
    this.lingering.add(store, true);
  }

  /**
   * Sends what an earlier page could not. `fresh`: a new chat nobody wrote in yet, which shows what was written in one;
   * without it, it is sent unseen.
   */
  async resumeUnsent(fresh: SessionStore | null): Promise<void> {
    const { unsent, asked } = this.waiting;
    for (const sessionId of new Set([...unsent.sessions(), ...asked.sessions()])) {
      if (!this.of(sessionId).some(({ sessionId: id }) => id === sessionId)) this.lingering.add(this.open(sessionId), false);
    }
    const adopted = await unsent.adopt();
    const free = fresh !== null && fresh.snapshot.value.phase === 'draft' && this.stores.has(fresh) ? fresh : null;
    if (adopted.length === 0) return;
    const store = free ?? this.open(null);
    store.takeOver(adopted);
    if (store !== free) this.lingering.add(store, false);
  }

  /** What is written here lasts longer than the page. */
  get keepsUnsent(): boolean {
    return this.env.storage.lasting === true;
  }

  /** Something was written that the server has not taken yet; it is lost when the page goes now. */
  get hasUnsent(): boolean {
    return [...this.stores].some((store) => store.snapshot.value.pending.length > 0);
  }

  private end(): void {
    this.connection.disconnect();
    for (const store of this.stores) store.close();
    this.stores.clear();
    this.lingering.clear();
  }

  /** By another tab. */
  private stored(key: string | null): void {
    if (key !== null) this.sessions.storageChanged(key);
    const { asked, unsent } = this.waiting;
    if (key !== null && (asked.isKept(key) || unsent.isKept(key))) for (const store of this.stores) store.keptElsewhere();
    if (key !== null && key !== this.tokens.key) return;
    if (this.tokens.follow() && this.connection.state.value.phase === 'refused') this.connection.connect();
  }

  private closeNow(store: SessionStore): void {
    if (!this.stores.delete(store)) return;
    store.close();
    // Its outcome does not matter: a server that missed it forgets the room with the socket.
    if (store.sessionId !== null) void this.connection.request('session:close', { sessionId: store.sessionId });
  }

  private follow(state: ConnectionState): void {
    const online = state.phase === 'online';
    if (online === this.online) return;
    this.online = online;
    for (const store of this.stores) {
      if (online) store.connected();
      else store.disconnected();
    }
    if (!online) return this.sessions.disconnected();
    void this.sessions.load();
    void this.models.load();
  }

  private route(frame: Frame): void {
    switch (frame.kind) {
      case 'hello':
      case 'draining':
      case 'closing':
        return;
      case 'sessions':
        return this.sessions.receive(frame);
      default:
        for (const store of this.of(frame.sessionId)) store.receive(frame);
    }
  }

  private of(sessionId: string): SessionStore[] {
    return [...this.stores].filter((store) => store.sessionId === sessionId);
  }
}
