/**
 * Messages on their way. Each has one clientMessageId for its whole life, so that however often it is sent, over
 * however many connections, the server keeps one. It is sent again until the server acknowledged it or refused it for
 * good, and shown until the event that made it arrives.
 */
import type { MessageFile } from '../../../src/protocol/wire.ts';
import { RETRY, backoffMs } from './backoff.ts';
import type { Environment } from './environment.ts';
import type { SessionView } from './fold.ts';
import { isUnknownOutcome, type ClientError } from './result.ts';
import type { SessionSync } from './session-sync.ts';
import type { Transport } from './transport.ts';
import type { Unsent, UnsentMessage } from './unsent.ts';

export interface PendingSend {
  readonly clientMessageId: string;
  readonly content: string;
  readonly files: readonly MessageFile[];
  readonly createdAt: number;
  /** `refused`: for good, until the writer tries again or takes it back. */
  readonly status: 'sending' | 'refused';
  /** Why the last try failed; null when none did. */
  readonly error: ClientError | null;
}

interface Entry extends PendingSend {
  readonly tries: number;
  readonly notBefore: number;
  /** As in UnsentMessage. */
  readonly begins: boolean;
  /** The server has it under this id. */
  readonly acceptedAs: string | null;
}

/** An accepted message whose event is not here after this long has been missed. */
const EVENT_LIMIT_MS = 5_000;

/** It may have been sent before: it is not `unsent` any more, only unacknowledged. */
function toEntry({ clientMessageId, content, files = [], createdAt, refused, begins = false }: UnsentMessage): Entry {
  return { clientMessageId, content, files, createdAt, status: refused ? 'refused' : 'sending', error: null, tries: 1, notBefore: 0, begins, acceptedAs: null };
}

export class Outbox {
  private readonly env: Environment;
  private readonly transport: Transport;
  private readonly sync: SessionSync;
  private readonly changed: () => void;
  private readonly unsent: Unsent;
  private entries: readonly Entry[] = [];
  /** Of these storage knows. */
  private kept: { sessionId: string | null; ids: readonly string[] };
  private inFlight = false;
  private cancelTimer = (): void => {};
  /** Something that was asked for before this message comes first. */
  waits: (createdAt: number) => boolean = () => false;

  constructor(env: Environment, transport: Transport, sync: SessionSync, unsent: Unsent, changed: () => void) {
    this.env = env;
    this.transport = transport;
    this.sync = sync;
    this.unsent = unsent;
    this.kept = { sessionId: sync.sessionId, ids: [] };
    this.changed = changed;
  }

  get pending(): readonly PendingSend[] {
    return this.entries;
  }

  /** Something waits whose chat was made for it. */
  get begins(): boolean {
    return this.entries.some((entry) => entry.status === 'sending' && entry.begins);
  }

  /** Messages of an earlier page that were not taken by the server. */
  restore(messages: readonly UnsentMessage[]): void {
    const known = new Set(this.entries.map((entry) => entry.clientMessageId));
    const added = messages.filter((message) => !known.has(message.clientMessageId)).map(toEntry);
    if (added.length === 0) return;
    this.kept = { ...this.kept, ids: [...this.kept.ids, ...added.map((entry) => entry.clientMessageId)] };
    this.entries = [...added, ...this.entries].sort((a, b) => a.createdAt - b.createdAt);
    this.changed();
  }

  /** Follows what other tabs did with messages that this one has too: their writer changed their mind, or they moved. */
  follow(): void {
    const { sessionId } = this.kept;
    const gone = this.kept.ids.filter((id) => this.unsent.isGone(sessionId, id));
    if (gone.length === 0) return;
    this.kept = { sessionId, ids: this.kept.ids.filter((id) => !gone.includes(id)) };
    this.drop((entry) => gone.includes(entry.clientMessageId));
  }

  /** Brings storage up to date. What the server took is safe there. */
  keep(): void {
    this.lookAtBeginning();
    const waiting = this.entries.filter((entry) => entry.acceptedAs === null);
    if (waiting.length === 0 && this.kept.ids.length === 0) return;
    const { sessionId } = this.sync;
    const { tab } = this.unsent;
    const now = waiting.map(({ clientMessageId, content, files, createdAt, status, begins }) => {
      return { clientMessageId, content, ...(files.length > 0 && { files: [...files] }), createdAt, refused: status === 'refused', ...(begins && { begins }), tab };
    });
    this.unsent.replace(sessionId, this.kept, now);
    this.kept = { sessionId, ids: now.map((entry) => entry.clientMessageId) };
  }

  add(content: string, files: readonly MessageFile[] = []): string {
    const clientMessageId = this.env.newId();
    const entry = { clientMessageId, content, files, createdAt: this.env.clock.now(), status: 'sending', error: null } as const;
    this.entries = [...this.entries, { ...entry, tries: 0, notBefore: 0, begins: false, acceptedAs: null }];
    return clientMessageId;
  }

  retry(clientMessageId: string): void {
    this.update(clientMessageId, { status: 'sending', error: null, tries: 0, notBefore: 0 });
    this.changed();
  }

  /** Takes a message back from the list. The server may have it already if it was sent and not answered. */
  discard(clientMessageId: string): void {
    this.drop((entry) => entry.clientMessageId === clientMessageId);
    if (this.kept.ids.includes(clientMessageId)) this.unsent.takeBack(this.kept.sessionId, clientMessageId);
    this.kept = { ...this.kept, ids: this.kept.ids.filter((id) => id !== clientMessageId) };
    this.changed();
  }

  /** True when nothing of it can have reached the server. */
  isUnsent(clientMessageId: string): boolean {
    return this.entries.some((entry) => entry.clientMessageId === clientMessageId && entry.tries === 0);
  }

  /** Drops what the view shows by now. */
  settle(view: SessionView | null): void {
    if (view === null || this.entries.length === 0) return;
    const here = new Set(view.messages.flatMap((message) => [message.id, message.clientMessageId]));
    this.entries = this.entries.filter((entry) => !here.has(entry.clientMessageId) && !here.has(entry.acceptedAs ?? ''));
  }

  /** Sends the next message if it is its time. Called whenever something changed. */
  pump(): void {
    const { view, phase, sessionId } = this.sync;
    const entry = this.entries.find((other) => other.status === 'sending' && other.acceptedAs === null);
    const ready = phase === 'live' && view !== null && view.streaming === null && !view.deleted;
    if (entry === undefined || this.inFlight || !ready || sessionId === null || this.waits(entry.createdAt)) return;
    const wait = entry.notBefore - this.env.clock.now();
    if (wait > 0) this.pumpAfter(wait);
    else void this.send(entry, sessionId);
  }

  /** What was sent into a chat that had something is never sent into another one. Without a view it stays as it was. */
  private lookAtBeginning(): void {
    const { view } = this.sync;
    if (view === null) return;
    const begins = view.messages.length === 0 && !view.deleted && this.entries.every((entry) => entry.acceptedAs === null);
    if (this.entries.some((entry) => entry.begins !== begins)) this.entries = this.entries.map((entry) => ({ ...entry, begins }));
  }

  private drop(which: (entry: Entry) => boolean): void {
    this.entries = this.entries.filter((entry) => !which(entry));
  }

  private pumpAfter(ms: number): void {
    this.cancelTimer();
    this.cancelTimer = this.env.clock.after(ms, () => this.pump());
  }

  private async send(entry: Entry, sessionId: string): Promise<void> {
    const { clientMessageId, content } = entry;
    const files = entry.files.map(({ id }) => id);
    this.inFlight = true;
    this.update(clientMessageId, { tries: entry.tries + 1 });
    const answer = await this.transport.request('message:send', { sessionId, clientMessageId, content, ...(files.length > 0 && { files }) });
    this.inFlight = false;
    if (answer.ok) this.accepted(clientMessageId, answer.value.messageId);
    else this.failed(entry, answer.error);
    this.changed();
  }

  private accepted(clientMessageId: string, messageId: string): void {
    this.update(clientMessageId, { acceptedAs: messageId, error: null });
    this.env.clock.after(EVENT_LIMIT_MS, () => {
      if (!this.has(clientMessageId)) return;
      this.sync.reopen();
      // Still not in the conversation: it is on a branch, or in a part, that is not shown here.
      this.env.clock.after(EVENT_LIMIT_MS, () => this.has(clientMessageId) && this.discard(clientMessageId));
    });
  }

  private failed(entry: Entry, error: ClientError): void {
    const { clientMessageId } = entry;
    if (error.code === 'timeout') this.transport.check();
    if (isUnknownOutcome(error)) return this.update(clientMessageId, { error });
    if (!error.retryable) return this.update(clientMessageId, { status: 'refused', error });
    const wait = Math.max(error.retryAfterMs ?? 0, backoffMs(RETRY, entry.tries + 1, this.env.random));
    this.update(clientMessageId, { error, notBefore: this.env.clock.now() + wait });
  }

  private has(clientMessageId: string): boolean {
    return this.entries.some((entry) => entry.clientMessageId === clientMessageId);
  }

  private update(clientMessageId: string, patch: Partial<Entry>): void {
    this.entries = this.entries.map((entry) => (entry.clientMessageId === clientMessageId ? { ...entry, ...patch } : entry));
  }
}
