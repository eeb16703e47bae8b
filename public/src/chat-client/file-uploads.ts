/**
 * Files on their way to one session. Each has one id for its whole life, so that however often it is sent the server
 * keeps one. It is sent again until the server took it or refused it for good; what was taken waits to be named in a
 * message, also over a reload.
 */
import { z } from 'zod';
import type { MessageFile } from '../../../src/protocol/wire.ts';
import { RETRY, backoffMs } from './backoff.ts';
import type { Environment } from './environment.ts';
import type { KeptByTab } from './kept-by-tab.ts';
import { Observable } from './observable.ts';
import { parseJson } from './parse-json.ts';
import type { ClientError, Result } from './result.ts';

/** What is wrong with a file before anybody is asked. */
export type FileProblem = 'empty' | 'too-large' | 'not-text' | 'no-images' | 'pdf-no-text' | 'unreadable';

export interface Attachment {
  /** Of this client; the server's is `fileId`. */
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly bytes: number;
  /** `waiting`: for the connection, for its turn, or for the next try. `refused`: for good. */
  readonly status: 'reading' | 'waiting' | 'uploading' | 'ready' | 'refused';
  /** What is sent of it, 0 to 1. */
  readonly sent: number;
  readonly fileId: string | null;
  readonly problem: FileProblem | null;
  /** Why the last try failed. */
  readonly error: ClientError | null;
}

/** What is uploaded of a file: itself, or the text that was found in it. */
export type Prepared = { body: Blob; type: string } | { problem: FileProblem };

export interface NewFile {
  name: string;
  bytes: number;
  type: string;
  prepare(): Promise<Prepared>;
}

/** How one file gets to the server. */
export interface Uploader {
  readonly online: boolean;
  send(file: { sessionId: string; name: string; clientFileId: string; body: Blob }, signal: AbortSignal, progress: (sent: number) => void): Promise<Result<MessageFile>>;
}

const keptSchema = z.array(z.object({ id: z.string(), name: z.string(), type: z.string(), bytes: z.number(), fileId: z.string(), at: z.number() }));

const AT_ONCE = 2;
/** The server keeps what was not sent for a day. */
const KEPT_MS = 20 * 3_600_000;

interface Entry extends Attachment {
  readonly tries: number;
  readonly notBefore: number;
  readonly at: number;
}

export class FileUploads {
  readonly list: Observable<readonly Attachment[]>;
  private readonly env: Environment;
  private readonly uploader: Uploader;
  private readonly kept: KeptByTab;
  private session: string | null = null;
  private entries: readonly Entry[] = [];
  private readonly bodies = new Map<string, Blob>();
  private readonly running = new Map<string, AbortController>();
  private cancelTimer = (): void => {};

  constructor(env: Environment, uploader: Uploader, kept: KeptByTab) {
    this.env = env;
    this.uploader = uploader;
    this.kept = kept;
    this.list = new Observable<readonly Attachment[]>(this.entries);
  }

  /** A session that is there: uploads begin, and what an earlier page of this tab, or a tab that is gone, uploaded to it is there again. */
  useSession(sessionId: string): void {
    if (this.session === sessionId) return;
    this.session = sessionId;
    this.restore(this.kept.get(sessionId));
    void this.kept.takeOver(sessionId, (left) => this.restore(left));
    this.pump();
  }

  add(file: NewFile): void {
    const { name, type, bytes } = file;
    const id = this.env.newId();
    const at = this.env.clock.now();
    this.set([...this.entries, { id, name, type, bytes, status: 'reading', sent: 0, fileId: null, problem: null, error: null, tries: 0, notBefore: 0, at }]);
    void this.read(id, file);
  }

  /** At once, whatever it waited for. */
  retry(id: string): void {
    if (!this.bodies.has(id)) return;
    this.update(id, { status: 'waiting', error: null, tries: 0, notBefore: 0 });
    this.pump();
  }

  remove(id: string): void {
    this.running.get(id)?.abort();
    this.bodies.delete(id);
    this.set(this.entries.filter((entry) => entry.id !== id));
  }

  /** What is uploaded, to be named in a message; from now on it is that message's. */
  take(): MessageFile[] {
    const ready = this.entries.filter((entry) => entry.status === 'ready');
    this.set(this.entries.filter((entry) => entry.status !== 'ready'));
    return ready.map(({ fileId, name, type, bytes }) => ({ id: fileId ?? '', name, type, bytes }));
  }

  /** Files of a message that was taken back. */
  putBack(files: readonly MessageFile[]): void {
    const at = this.env.clock.now();
    const known = new Set(this.entries.map(({ fileId }) => fileId));
    const added = files.filter(({ id }) => !known.has(id)).map(({ id, name, type, bytes }): Entry => {
      return { id: this.env.newId(), fileId: id, name, type, bytes, status: 'ready', sent: 1, problem: null, error: null, tries: 0, notBefore: 0, at };
    });
    this.set([...added, ...this.entries]);
  }

  /** Sends what waits. Called whenever something changed: the connection, a file, the time. */
  pump(): void {
    const { session } = this;
    if (session === null || !this.uploader.online) return;
    const now = this.env.clock.now();
    const waiting = this.entries.filter((entry) => entry.status === 'waiting');
    const due = waiting.filter((entry) => entry.notBefore <= now).slice(0, Math.max(0, AT_ONCE - this.running.size));
    for (const entry of due) void this.upload(entry, session);
    const next = Math.min(...waiting.map(({ notBefore }) => notBefore).filter((at) => at > now));
    this.cancelTimer();
    if (Number.isFinite(next)) this.cancelTimer = this.env.clock.after(next - now, () => this.pump());
  }

  private restore(text: string | null): true {
    const kept = keptSchema.safeParse(parseJson(text)).data ?? [];
    const known = new Set(this.entries.map(({ id }) => id));
    const young = kept.filter(({ id, at }) => !known.has(id) && this.env.clock.now() - at < KEPT_MS);
    this.set([...young.map((file): Entry => ({ ...file, status: 'ready', sent: 1, problem: null, error: null, tries: 0, notBefore: 0 })), ...this.entries]);
    return true;
  }

  private async read(id: string, file: NewFile): Promise<void> {
    const prepared = await file.prepare().catch((): Prepared => ({ problem: 'unreadable' }));
    if (!this.has(id)) return;
    if ('problem' in prepared) return this.update(id, { status: 'refused', problem: prepared.problem });
    this.bodies.set(id, prepared.body);
    this.update(id, { status: 'waiting', type: prepared.type, bytes: prepared.body.size });
    this.pump();
  }

  private async upload({ id, name, tries }: Entry, sessionId: string): Promise<void> {
    const body = this.bodies.get(id);
    if (body === undefined) return;
    const controller = new AbortController();
    this.running.set(id, controller);
    this.update(id, { status: 'uploading', sent: 0, tries: tries + 1 });
    const answer = await this.uploader.send({ sessionId, name, clientFileId: id, body }, controller.signal, (sent) => this.update(id, { sent }));
    this.running.delete(id);
    if (this.has(id)) {
      if (answer.ok) this.taken(id, answer.value);
      else this.failed(id, tries + 1, answer.error);
    }
    this.pump();
  }

  private taken(id: string, { id: fileId, name, type, bytes }: MessageFile): void {
    this.bodies.delete(id);
    this.update(id, { status: 'ready', sent: 1, fileId, name, type, bytes, error: null });
  }

  private failed(id: string, tries: number, error: ClientError): void {
    if (!error.retryable) return this.update(id, { status: 'refused', sent: 0, error });
    const wait = Math.max(error.retryAfterMs ?? 0, backoffMs(RETRY, tries, this.env.random));
    this.update(id, { status: 'waiting', sent: 0, error, notBefore: this.env.clock.now() + wait });
  }

  private has(id: string): boolean {
    return this.entries.some((entry) => entry.id === id);
  }

  private update(id: string, patch: Partial<Entry>): void {
    this.set(this.entries.map((entry) => (entry.id === id ? { ...entry, ...patch } : entry)));
  }

  private set(entries: readonly Entry[]): void {
    this.entries = entries;
    this.keep();
    this.list.set(entries);
  }

  /** Storage has what is uploaded: the rest went with the page that had it. */
  private keep(): void {
    if (this.session === null) return;
    const ready = this.entries.filter((entry) => entry.status === 'ready');
    const now = JSON.stringify(ready.map(({ id, name, type, bytes, fileId, at }) => ({ id, name, type, bytes, fileId, at })));
    if (ready.length === 0) this.kept.remove(this.session);
    else if (this.kept.get(this.session) !== now) this.kept.set(this.session, now);
  }
}
