/**
 * A client written from docs/PROTOCOL.md, kept apart from the app's own: one socket, one session, and an exact record
 * of what it was shown. It counts what must never happen instead of hiding it.
 */
import { io, type Socket } from 'socket.io-client';
import type { Cursor, Event, Message, MessageStatus, OpenReply, WholeMessage } from '../../src/protocol/wire.ts';
import { until } from './until.ts';

type Reply = { ok: true; [field: string]: unknown } | { ok: false; error: { code: string; message: string; retryable: boolean } };
type Frame = { logId: string; events: Event[] };

const TERMINAL: Record<string, MessageStatus> = {
  'message.completed': 'complete',
  'message.cancelled': 'cancelled',
  'message.failed': 'failed',
  'message.interrupted': 'interrupted',
};

export class Refused extends Error {
  readonly code: string;
  constructor(event: string, error: { code: string; message: string }) {
    super(`${event}: ${error.code}: ${error.message}`);
    this.code = error.code;
  }
}

export async function guestToken(url: string): Promise<string> {
  const answer = await fetch(`${url}/api/auth/guest`, { method: 'POST' });
  if (!answer.ok) throw new Error(`guest token: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { token: string }).token;
}

export class Tab {
  socket: Socket;
  sessionId = '';
  cursor: Cursor | null = null;
  readonly messages = new Map<string, Message>();
  readonly whole = new Map<string, WholeMessage>();
  /** How often each message ended before our eyes. */
  readonly ends = new Map<string, number>();
  readonly counts = { repeats: 0, holes: 0, resyncs: 0, restarts: 0, opens: 0, alive: 0, frames: 0 };
  #held: Frame[] | null = null;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#token = token;
    this.socket = this.#newSocket(url);
  }

  /** Its next connection is another gateway's. */
  moveTo(url: string): void {
    this.socket.disconnect();
    this.socket = this.#newSocket(url);
  }

  /** Called for what the protocol says about reconnecting; a plain tab does nothing by itself. */
  protected told(_event: 'resync' | 'draining' | 'frame'): void {}

  #newSocket(url: string): Socket {
    const socket = io(url, { transports: ['websocket'], auth: { token: this.#token, protocol: 1 }, reconnection: false, forceNew: true, autoConnect: false });
    socket.on('session:events', (frame: Frame & { sessionId: string }) => this.#take(frame.sessionId, frame));
    socket.on('delta', ([sessionId, logId, seq, text]: [string, string, number, string]) => {
      this.#take(sessionId, { logId, events: [{ type: 'message.delta', messageId: '', seq, at: '', text }] });
    });
    socket.on('session:message', (frame: WholeMessage) => void this.whole.set(frame.messageId, frame));
    socket.on('session:alive', ([, logId, seq]: [string, string, number]) => this.#headIs({ logId, seq }));
    socket.on('session:resync', () => this.told('resync'));
    socket.on('server:draining', () => this.told('draining'));
    return socket;
  }

  /** The owner says where the log is: what is missing was lost on the way. */
  #headIs(head: Cursor): void {
    this.counts.alive += 1;
    this.told('frame');
    if (this.#held || !this.cursor || (head.logId === this.cursor.logId && head.seq <= this.cursor.seq)) return;
    this.counts.holes += 1;
    this.reopen();
  }

  /** Something is missing. */
  protected reopen(): void {
    void this.open().catch(() => undefined);
  }

  /** Connects and, when it had a session, opens that again with its cursor. */
  async connect(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.socket.once('connect', resolve);
      this.socket.once('connect_error', reject);
      this.socket.connect();
    });
    if (this.sessionId !== '') await this.open();
    return this;
  }

  /** Loses the connection without a goodbye, as a cut cable does. */
  drop(): void {
    this.socket.io.engine.close();
  }

  /** Forgets everything but the session, as a reload does. */
  forget(): void {
    this.cursor = null;
    this.messages.clear();
    this.ends.clear();
  }

  async request<T = Record<string, unknown>>(event: string, payload: object): Promise<T> {
    const reply = (await this.socket.timeout(15_000).emitWithAck(event, payload)) as Reply;
    if (!reply.ok) throw new Refused(event, reply.error);
    return reply as T;
  }

  async open(options: { sessionId?: string; mode?: string; limit?: number } = {}): Promise<OpenReply> {
    this.#held ??= [];
    this.counts.opens += 1;
    const sessionId = options.sessionId ?? (this.sessionId || undefined);
    const reply = await this.request<OpenReply>('session:open', { ...options, sessionId, cursor: this.cursor }).catch((err: unknown) => {
      // Nothing is held for an answer that does not come: the next frame finds the hole again.
      this.#held = null;
      throw err;
    });
    this.sessionId = reply.session.id;
    if (reply.resync) this.counts.resyncs += 1;
    if (reply.messages) {
      this.messages.clear();
      for (const message of reply.messages) this.messages.set(message.id, message);
    }
    this.cursor = reply.events ? this.cursor : reply.cursor;
    const held = this.#held ?? [];
    this.#held = null;
    if (reply.events) this.#apply({ logId: reply.cursor.logId, events: reply.events });
    for (const frame of held) this.#apply(frame);
    return reply;
  }

  async send(content: string, clientMessageId = `c${Math.random()}`): Promise<{ messageId: string; replyId: string; duplicate: boolean }> {
    return this.request('message:send', { sessionId: this.sessionId, clientMessageId, content });
  }

  text(messageId: string): string {
    return this.messages.get(messageId)?.content ?? '';
  }

  /** Waits for the reply's terminal status, as this tab sees it. */
  async ended(messageId: string, limitMs = 30_000): Promise<Message> {
    await until(`the end of reply ${messageId}`, () => ['complete', 'cancelled', 'failed', 'interrupted'].includes(this.messages.get(messageId)?.status ?? ''), limitMs);
    return this.messages.get(messageId)!;
  }

  close(): void {
    this.socket.disconnect();
  }

  #streaming(): string {
    for (const message of [...this.messages.values()].reverse()) if (message.status === 'streaming') return message.id;
    return '';
  }

  #take(sessionId: string, frame: Frame): void {
    if (sessionId !== this.sessionId && this.sessionId !== '') return;
    this.counts.frames += 1;
    this.told('frame');
    if (this.#held) this.#held.push(frame);
    else this.#apply(frame);
  }

  #apply(frame: Frame): void {
    for (const event of frame.events) {
      const { cursor } = this;
      if (cursor && frame.logId === cursor.logId && event.seq <= cursor.seq) {
        this.counts.repeats += 1;
        continue;
      }
      if (!cursor || frame.logId !== cursor.logId || event.seq !== cursor.seq + 1) {
        this.counts.holes += 1;
        this.reopen();
        return;
      }
      this.cursor = { logId: frame.logId, seq: event.seq };
      this.#applyEvent(event);
    }
  }

  #applyEvent(event: Event): void {
    if (event.type === 'message.created') this.messages.set(event.message.id, { ...event.message });
    if (!('messageId' in event)) return;
    // A delta frame names no message: it is of the one reply that streams at its place in the order.
    const id = event.messageId === '' ? this.#streaming() : event.messageId;
    const message = this.messages.get(id);
    if (!message) return;
    if (event.type === 'message.delta') message.content += event.text;
    if (event.type === 'message.restarted') {
      message.content = '';
      this.counts.restarts += 1;
    }
    const status = TERMINAL[event.type];
    if (!status) return;
    message.status = status;
    this.ends.set(id, (this.ends.get(id) ?? 0) + 1);
  }
}
