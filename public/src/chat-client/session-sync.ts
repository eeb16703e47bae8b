/**
 * Keeps one session's view equal to its log: opens it, folds what comes, and opens it again with the cursor whenever
 * something may be missing. Frames that come while an open is under way are held and folded after its reply.
 */
import { CLIENT_SILENCE_MS } from '../../../src/protocol/limits.ts';
import type { Mode } from '../../../src/protocol/wire.ts';
import { REOPEN, RETRY, backoffMs } from './backoff.ts';
import type { Environment } from './environment.ts';
import { applyDelta, applyEvents, applyOpenReply, applyWhole, checkHead, type Folded, type SessionView } from './fold.ts';
import type { SessionFrame } from './frames.ts';
import type { ClientError } from './result.ts';
import type { Transport } from './transport.ts';

/**
 * `draft`: has no session yet. `opening`: nothing to show yet. `live`: the view is what the server has.
 * `catching-up`: the view may be behind. `failed`: the server refused, and trying again is the reader's choice.
 */
export type SyncPhase = 'draft' | 'opening' | 'live' | 'catching-up' | 'failed';

/** Longest wait for the reply to an open. */
const OPEN_LIMIT_MS = 8_000;
/** Past this many held frames a fresh start is cheaper. */
const MAX_HELD = 20_000;

export class SessionSync {
  phase: SyncPhase = 'draft';
  view: SessionView | null = null;
  error: ClientError | null = null;
  private readonly env: Environment;
  private readonly transport: Transport;
  private readonly mode: Mode;
  private readonly changed: () => void;
  private id: string | null;
  /** Frames since the open that is under way was asked for; null when none is. */
  private held: SessionFrame[] | null = null;
  /** Grows with every open, so that the reply to an older one is not taken. */
  private round = 0;
  /** Opens in a row that were needed although the last one had just succeeded, or that failed. */
  private fruitless = 0;
  private forgetCursor = false;
  private cancelTimer = (): void => {};
  private cancelSilence = (): void => {};

  constructor(env: Environment, transport: Transport, id: string | null, mode: Mode, changed: () => void) {
    this.env = env;
    this.transport = transport;
    this.id = id;
    this.mode = mode;
    this.changed = changed;
  }

  get sessionId(): string | null {
    return this.id;
  }

  /** Begins, or begins again after a failure. Waits for the connection where there is none. */
  start(): void {
    this.fruitless = 0;
    this.error = null;
    this.phase = this.view === null ? 'opening' : 'catching-up';
    if (this.transport.online) void this.open();
    this.changed();
  }

  /** As a session that is still to be made. */
  startAnew(): void {
    this.id = null;
    this.view = null;
    this.start();
  }

  connected(): void {
    if (this.phase === 'draft' || this.phase === 'failed') return;
    this.fruitless = 0;
    void this.open();
  }

  disconnected(): void {
    this.round += 1;
    this.held = null;
    this.cancelTimer();
    this.cancelSilence();
    // An open that was begun at once has not been told yet.
    if (this.phase !== 'live' && this.phase !== 'catching-up') return;
    this.phase = 'catching-up';
    this.changed();
  }

  close(): void {
    this.disconnected();
    this.phase = 'draft';
  }

  /** Something of the view should have changed by now and did not. */
  reopen(): void {
    if (this.phase === 'live') void this.open();
  }

  replaceView(view: SessionView): void {
    this.view = view;
    this.changed();
  }

  receive(frame: SessionFrame): void {
    if (frame.kind === 'resync') return this.reopenWithin(frame.withinMs);
    if (this.held !== null) {
      this.held.push(frame);
      if (this.held.length > MAX_HELD) this.repair('broken');
    } else if (this.phase === 'live') this.fold(frame);
  }

  private fold(frame: SessionFrame): void {
    if (this.view === null) return;
    const { verdict, view } = this.apply(this.view, frame);
    if (verdict === 'gap' || verdict === 'broken') return this.repair(verdict);
    if (verdict === 'elsewhere') return this.follow();
    this.watchSilence(view);
    if (verdict === 'nothing') return;
    this.fruitless = 0;
    this.view = view;
    this.changed();
  }

  private apply(view: SessionView, frame: SessionFrame): Folded {
    switch (frame.kind) {
      case 'delta':
        return applyDelta(view, frame.logId, frame.seq, frame.text);
      case 'events':
        return applyEvents(view, frame.logId, frame.events, this.mode === 'accumulated');
      case 'whole':
        return applyWhole(view, frame.message);
      case 'alive':
        return { verdict: checkHead(view, frame.logId, frame.seq), view };
      default:
        return { verdict: 'broken', view };
    }
  }

  /** The first repair is at once; one that follows a repair waits, and the third asks for everything anew. */
  private repair(verdict: 'gap' | 'broken'): void {
    this.fruitless += 1;
    if (verdict === 'broken' || this.fruitless > 2) this.forgetCursor = true;
    this.openAfter(backoffMs(REOPEN, this.fruitless - 1, this.env.random));
  }

  /** Another path is active: nothing went wrong, and it is asked for at once. */
  private follow(): void {
    this.forgetCursor = true;
    this.openAfter(0);
  }

  private openAfter(ms: number): void {
    this.cancelTimer();
    this.cancelSilence();
    this.held = null;
    this.round += 1;
    this.phase = this.view === null ? 'opening' : 'catching-up';
    if (ms === 0) return void this.open();
    this.cancelTimer = this.env.clock.after(ms, () => void this.open());
    this.changed();
  }

  private reopenWithin(ms: number): void {
    this.cancelTimer();
    this.cancelTimer = this.env.clock.after(this.env.random() * ms, () => void this.open());
  }

  private async open(): Promise<void> {
    this.cancelTimer();
    this.cancelSilence();
    this.round += 1;
    const round = this.round;
    this.held = [];
    // A whole text cannot be continued from a cursor: in accumulated mode the server is asked for everything.
    const cursor = this.forgetCursor || this.mode === 'accumulated' ? undefined : this.view?.cursor;
    const request = { ...(this.id !== null && { sessionId: this.id }), ...(cursor && { cursor }), mode: this.mode };
    const answer = await this.transport.request('session:open', request, OPEN_LIMIT_MS);
    if (round !== this.round) return;
    if (!answer.ok) return this.refused(answer.error);
    this.id = answer.value.session.id;
    const opened = applyOpenReply(this.view, answer.value);
    if (opened?.verdict === 'elsewhere') return this.follow();
    if (opened === null || opened.verdict === 'broken') return this.repair('broken');
    this.opened(opened.view);
  }

  private opened(view: SessionView): void {
    const held = this.held ?? [];
    this.held = null;
    this.forgetCursor = false;
    this.view = view;
    this.error = null;
    this.phase = 'live';
    this.watchSilence(view);
    this.changed();
    for (const frame of held) this.receive(frame);
  }

  private refused(error: ClientError): void {
    this.held = null;
    if (error.code === 'offline') return;
    if (error.code === 'timeout') this.transport.check();
    if (error.code === 'invalid' && this.view !== null && !this.forgetCursor) return this.repair('broken');
    this.error = error;
    this.fruitless += 1;
    if (error.retryable) this.openAfter(Math.max(error.retryAfterMs ?? 0, backoffMs(RETRY, this.fruitless, this.env.random)));
    else this.phase = 'failed';
    this.changed();
  }

  /** While a reply is open, silence means that something was lost, perhaps its end, or that the server hangs. */
  private watchSilence(view: SessionView): void {
    this.cancelSilence();
    if (view.streaming === null) return;
    this.cancelSilence = this.env.clock.after(CLIENT_SILENCE_MS, () => {
      this.transport.check();
      this.reopen();
    });
  }
}
