/**
 * Versions that were asked for. Like a message on its way, a request keeps its clientMessageId until the server answered
 * it, over however many tries, connections and reloads, so that one version is made. One at a time, as one reply streams
 * at a time.
 * A reader who does not want to wait takes it back: what the server makes of it all the same is stopped.
 */
import type { AskedVersion, AskedVersions, VersionRequest } from './asked-versions.ts';
import { RETRY, backoffMs } from './backoff.ts';
import type { Environment } from './environment.ts';
import type { SessionView } from './fold.ts';
import { watchForEvent } from './missed-event.ts';
import { isUnknownOutcome, type ClientError, type Result } from './result.ts';
import type { SessionSync } from './session-sync.ts';
import type { Transport } from './transport.ts';

interface Entry extends AskedVersion {
  tries: number;
  notBefore: number;
  /** The reply that the server answered with. */
  replyId: string | null;
  /** Taken back after it was sent: it is not asked for again, and stopped when it is there. */
  unwanted: boolean;
}

export interface VersionListener {
  changed(): void;
  problem(error: ClientError): void;
  /** This reply was taken back before it was there. */
  unwanted(replyId: string): void;
}

/** A refusal that may pass is waited for so often; the reader has asked for it now, and not for later. */
const TRIES = 5;

export class VersionRequests {
  private readonly env: Environment;
  private readonly transport: Transport;
  private readonly sync: SessionSync;
  private readonly asked: AskedVersions;
  private readonly on: VersionListener;
  private entry: Entry | null = null;
  /** What storage has of it. */
  private kept: string | null = null;
  private inFlight = false;

  constructor(env: Environment, transport: Transport, sync: SessionSync, asked: AskedVersions, on: VersionListener) {
    this.env = env;
    this.transport = transport;
    this.sync = sync;
    this.asked = asked;
    this.on = on;
  }

  /** What is on its way; null: nothing. */
  get pending(): VersionRequest | null {
    return this.entry === null || this.entry.unwanted ? null : this.entry.request;
  }

  /** The one that the server has not answered, unless it was taken back. */
  private get waits(): Entry | null {
    return this.entry !== null && this.entry.replyId === null && !this.entry.unwanted ? this.entry : null;
  }

  /** A message that was written later follows the version, not what the version stands beside. */
  comesBefore(createdAt: number): boolean {
    return this.entry !== null && !this.entry.unwanted && this.entry.askedAt <= createdAt;
  }

  /** False when another one is on its way, or a reply streams. */
  make(request: VersionRequest): boolean {
    const { view } = this.sync;
    if (this.pending !== null || view === null || view.streaming !== null) return false;
    this.entry = { request, clientMessageId: this.env.newId(), askedAt: this.env.clock.now(), tries: 0, notBefore: 0, replyId: null, unwanted: false };
    this.on.changed();
    return true;
  }

  /** What an earlier page asked for. The server may have heard of it. */
  restore(asked: AskedVersion | null): void {
    if (asked === null) return;
    this.entry = { ...asked, tries: 1, notBefore: 0, replyId: null, unwanted: false };
    this.kept = asked.clientMessageId;
    this.on.changed();
  }

  /** Brings storage up to date. What the server took is safe there. */
  keep(): void {
    const { kept, waits } = this;
    const { sessionId } = this.sync;
    if (sessionId === null || kept === (waits?.clientMessageId ?? null)) return;
    if (kept !== null) this.asked.drop(sessionId, kept);
    if (waits !== null) this.asked.keep(sessionId, { request: waits.request, clientMessageId: waits.clientMessageId, askedAt: waits.askedAt });
    this.kept = waits?.clientMessageId ?? null;
  }

  /** Takes back what is on its way; false when nothing is. */
  withdraw(): boolean {
    const { entry } = this;
    if (entry === null || entry.unwanted) return false;
    if (entry.tries === 0) this.entry = null;
    else entry.unwanted = true;
    this.on.changed();
    return true;
  }

  /** Drops what the view shows by now. */
  settle(view: SessionView | null): void {
    const { entry } = this;
    if (entry === null) return;
    if (this.sync.error?.code === 'not-found') this.entry = null;
    this.dropWithdrawn();
    if (view === null) return;
    const here = view.messages.find(({ id, clientMessageId }) => id === entry.replyId || clientMessageId === entry.clientMessageId);
    if (here === undefined && !view.deleted) return;
    this.entry = null;
    const reply = view.messages.find(({ id }) => id === view.streaming?.messageId);
    if (entry.unwanted && reply !== undefined && (reply.id === here?.id || reply.parentId === here?.id)) this.on.unwanted(reply.id);
  }

  pump(): void {
    this.dropWithdrawn();
    const entry = this.waits;
    const { sessionId, phase, view } = this.sync;
    if (entry === null || this.inFlight || sessionId === null) return;
    if (phase !== 'live' || view === null || view.streaming !== null || entry.notBefore > this.env.clock.now()) return;
    void this.send(entry, sessionId);
  }

  private async send(entry: Entry, sessionId: string): Promise<void> {
    this.inFlight = true;
    entry.tries += 1;
    const answer = await this.ask(entry, sessionId);
    this.inFlight = false;
    // Its event may have come first.
    if (this.entry !== entry) return this.on.changed();
    if (answer.ok) this.accepted(entry, answer.value.replyId);
    else this.failed(entry, answer.error);
    this.on.changed();
  }

  private ask({ request, clientMessageId }: Entry, sessionId: string): Promise<Result<{ replyId: string }>> {
    const fields = { sessionId, messageId: request.messageId, clientMessageId };
    if (request.kind === 'edit') return this.transport.request('message:edit', { ...fields, content: request.content });
    return this.transport.request(`message:${request.kind}`, fields);
  }

  private accepted(entry: Entry, replyId: string): void {
    entry.replyId = replyId;
    watchForEvent(this.env, this.sync, () => this.entry === entry, () => this.drop());
  }

  private failed(entry: Entry, error: ClientError): void {
    if (error.code === 'timeout') this.transport.check();
    if (isUnknownOutcome(error)) return;
    if (entry.unwanted) return this.drop();
    if (!error.retryable || entry.tries >= TRIES) {
      this.drop();
      return this.on.problem(error);
    }
    const wait = Math.max(error.retryAfterMs ?? 0, backoffMs(RETRY, entry.tries, this.env.random));
    entry.notBefore = this.env.clock.now() + wait;
    this.env.clock.after(wait, () => this.pump());
  }

  /** Another tab took it back, or has its answer, and that is the end of it here, too. */
  private dropWithdrawn(): void {
    const { kept, waits: entry } = this;
    const { sessionId } = this.sync;
    if (entry === null || this.inFlight || sessionId === null) return;
    if (kept === entry.clientMessageId && !this.asked.has(sessionId, kept)) this.entry = null;
  }

  private drop(): void {
    this.entry = null;
    this.on.changed();
  }
}
