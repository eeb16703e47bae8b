/**
 * Keeps one connection to the server: at once after the first loss, then with growing pauses, and at once again when
 * the page wakes. A deliberate disconnect stays one until `connect()`. A refusal goes on only where the catalogue of
 * errors says that connecting again can help; an unknown token is renewed once.
 */
import { ERRORS, isErrorCode } from '../../../src/protocol/errors.ts';
import type { ClientEvent, ClientEventName, HelloFrame } from '../../../src/protocol/wire.ts';
import { RECONNECT, backoffMs } from './backoff.ts';
import type { Environment, WakeReason } from './environment.ts';
import type { Frame } from './frames.ts';
import { Observable, Signal } from './observable.ts';
import type { ClientReplies } from './replies.ts';
import { failed, localError, type ClientError, type Result } from './result.ts';
import { SocketLink, type Down } from './socket-link.ts';
import type { TokenKeeper } from './tokens.ts';
import { REQUEST_LIMIT_MS, type Transport } from './transport.ts';

/** `since`: for `online` the moment it came up, otherwise the moment it was lost (ms of the page's clock). */
export type ConnectionState =
  | { phase: 'connecting'; since: number; moving: boolean }
  | { phase: 'online'; since: number; hello: HelloFrame | null }
  | { phase: 'waiting'; since: number; retryAt: number; error: ClientError | null }
  | { phase: 'off'; since: number }
  | { phase: 'refused'; since: number; error: ClientError };

/** A connection this old counts as good: the next loss is retried at once. */
const STEADY_MS = 5_000;
/** How often the round trip is measured, which also finds a dead connection. */
const PROBE_EVERY_MS = 10_000;
/** Longest wait for an answer when the connection looks dead. */
const CHECK_LIMIT_MS = 3_000;
/** An acknowledged event that changes nothing: no client has a session of this name open. */
const PROBE = { name: 'session:close', payload: { sessionId: 'round-trip' } } as const;

export class Connection implements Transport {
  readonly state: Observable<ConnectionState>;
  readonly frames = new Signal<Frame>();
  /** Of the last probe, in ms; null until one was answered on this connection. */
  readonly roundTripMs = new Observable<number | null>(null);
  /** The token of the newest handshake. */
  token = '';
  private readonly env: Environment;
  private readonly url: string;
  private readonly tokens: TokenKeeper;
  private link: SocketLink | null = null;
  /** Grows with every try, so that a late answer to an older one is known as such. */
  private round = 0;
  private attempt = 0;
  private renewed = false;
  private cancelTimer = (): void => {};
  private cancelProbe = (): void => {};

  constructor(env: Environment, url: string, tokens: TokenKeeper) {
    this.env = env;
    this.url = url;
    this.tokens = tokens;
    this.state = new Observable<ConnectionState>({ phase: 'off', since: env.clock.now() });
    env.onWake((reason) => this.wake(reason));
  }

  get online(): boolean {
    return this.state.value.phase === 'online';
  }

  connect(): void {
    const { phase } = this.state.value;
    if (phase === 'online' || phase === 'connecting') return;
    this.attempt = 0;
    this.renewed = false;
    void this.open(false);
  }

  /** A new try at once, unless there is a connection. How long it has been away stays what it is. */
  tryNow(): void {
    if (this.online) return;
    this.attempt = 0;
    this.renewed = false;
    void this.open(false);
  }

  /** Stays disconnected until `connect()`. */
  disconnect(): void {
    this.drop();
    this.state.set({ phase: 'off', since: this.env.clock.now() });
  }

  request<N extends ClientEventName>(name: N, payload: ClientEvent<N>, limitMs = REQUEST_LIMIT_MS): Promise<Result<ClientReplies[N]>> {
    return this.link?.request(name, payload, limitMs) ?? Promise.resolve(failed(localError('offline')));
  }

  /** Asks the server for any answer; without one in time the socket is dead, whatever it says, and is replaced. */
  async checkNow(): Promise<void> {
    const { link } = this;
    if (link === null || !this.online) return;
    const from = this.env.clock.now();
    const answer = await link.request(PROBE.name, PROBE.payload, CHECK_LIMIT_MS);
    if (link !== this.link) return;
    if (!answer.ok && answer.error.code === 'timeout') return this.restart(false);
    this.roundTripMs.set(this.env.clock.now() - from);
  }

  check(): void {
    void this.checkNow();
  }

  private wake(reason: WakeReason): void {
    const { phase } = this.state.value;
    if (phase === 'online') return this.check();
    const stuck = phase === 'connecting' && reason === 'network';
    if (phase !== 'waiting' && !stuck) return;
    this.attempt = 0;
    void this.open(false);
  }

  private async open(moving: boolean): Promise<void> {
    this.drop();
    const round = this.round;
    this.state.set({ phase: 'connecting', since: this.lostSince(), moving });
    const token = await this.tokens.get();
    if (round !== this.round) return;
    if (!token.ok) return this.settle(token.error, !token.error.retryable && token.error.code !== 'bad-answer');
    this.token = token.value;
    this.link = new SocketLink(this.url, token.value, this.env.clock, {
      up: () => this.up(),
      frame: (frame) => this.frame(frame),
      down: (why) => this.down(why),
    });
  }

  private up(): void {
    this.state.set({ phase: 'online', since: this.env.clock.now(), hello: null });
    this.cancelTimer = this.env.clock.after(STEADY_MS, () => {
      this.attempt = 0;
      this.renewed = false;
    });
    this.probe();
  }

  private probe(): void {
    this.check();
    this.cancelProbe = this.env.clock.after(PROBE_EVERY_MS, () => this.probe());
  }

  private frame(frame: Frame): void {
    if (frame.kind === 'hello' && this.state.value.phase === 'online') this.state.set({ ...this.state.value, hello: frame.hello });
    if (frame.kind === 'draining') this.moveWithin(frame.withinMs);
    this.frames.emit(frame);
  }

  private moveWithin(ms: number): void {
    this.cancelTimer();
    this.cancelTimer = this.env.clock.after(this.env.random() * ms, () => this.restart(true));
  }

  private restart(moving: boolean): void {
    this.attempt = moving ? 0 : this.attempt + 1;
    void this.open(moving);
  }

  private down(why: Down): void {
    const { error } = why;
    this.drop();
    const final = error !== null && isErrorCode(error.code) && !ERRORS[error.code].reconnect;
    if (error?.code === 'unauthenticated' && !this.renewed) return void this.renewAndOpen();
    this.settle(error, final);
  }

  private async renewAndOpen(): Promise<void> {
    this.renewed = true;
    const round = this.round;
    this.state.set({ phase: 'connecting', since: this.lostSince(), moving: false });
    const token = await this.tokens.renew(this.token);
    if (round !== this.round) return;
    if (token.ok) void this.open(false);
    else this.settle(token.error, !token.error.retryable);
  }

  /** Ends a try: for good, or until the next one. */
  private settle(error: ClientError | null, final: boolean): void {
    const since = this.lostSince();
    this.drop();
    if (final && error !== null) return this.state.set({ phase: 'refused', since, error });
    const wait = Math.max(backoffMs(RECONNECT, this.attempt, this.env.random), error?.retryAfterMs ?? 0);
    this.attempt += 1;
    if (wait === 0) return void this.open(false);
    this.state.set({ phase: 'waiting', since, retryAt: this.env.clock.now() + wait, error });
    this.cancelTimer = this.env.clock.after(wait, () => void this.open(false));
  }

  private drop(): void {
    this.round += 1;
    this.cancelTimer();
    this.cancelProbe();
    this.link?.close();
    this.link = null;
    this.roundTripMs.set(null);
  }

  /** When the connection was lost: now, unless it was away already. */
  private lostSince(): number {
    const { phase, since } = this.state.value;
    return phase === 'connecting' || phase === 'waiting' ? since : this.env.clock.now();
  }
}
