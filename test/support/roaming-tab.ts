/**
 * A tab as docs/PROTOCOL.md asks a client to be: it reconnects by itself (here to the next of several gateways, as behind
 * a balancer without stickiness), opens again with its cursor whenever it must, and repeats what was refused for now.
 */
import type { Message } from '../../src/protocol/wire.ts';
import { atEnd } from './at-end.ts';
import { Refused, Tab } from './tab.ts';
import { until } from './until.ts';

const SILENCE_MS = 5_000;
const RETRYABLE = new Set(['unavailable', 'rate-limited', 'internal']);

/** A test that failed closes none of its tabs, and each would go on coming back for ever. */
const open = new Set<RoamingTab>();
atEnd(() => {
  for (const tab of open) tab.close();
});

export class RoamingTab extends Tab {
  readonly #urls: string[];
  #next = 0;
  #closed = false;
  #moving = false;
  /** Asked for while it moved. */
  #onceMore = false;
  #heardAt = Date.now();
  readonly #watch: NodeJS.Timeout;
  /** How often it came back, and what it was refused for now. */
  readonly trips = { reconnects: 0, refusals: 0 };

  constructor(urls: string[], token: string, first = 0) {
    super(urls[first % urls.length] ?? '', token);
    this.#urls = urls;
    this.#next = first + 1;
    this.#watch = setInterval(() => this.#checkSilence(), 200);
    open.add(this);
  }

  /** Connects somewhere and opens its session, again and again until both worked. */
  async arrive(limitMs = 30_000): Promise<void> {
    this.#moving = true;
    const limit = Date.now() + limitMs;
    try {
      for (;;) {
        try {
          if (!this.socket.connected) await this.#connectNext();
          this.#onceMore = false;
          if (this.sessionId !== '') await this.open();
          if (this.#onceMore) continue;
          return;
        } catch (err) {
          if (this.#closed) return;
          if (Date.now() > limit) throw err;
          this.trips.refusals += 1;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
    } finally {
      this.#moving = false;
      this.#heardAt = Date.now();
    }
  }

  /** The same request until it is answered for good. */
  async insist<T = Record<string, unknown>>(event: string, payload: object, limitMs = 30_000): Promise<T> {
    return this.#insistOn(() => this.request<T>(event, payload), limitMs);
  }

  /** Opens a session of its own. */
  async beginSession(limitMs = 30_000): Promise<void> {
    await this.#insistOn(() => this.open(), limitMs);
  }

  /** As often as it is refused for now. */
  async #insistOn<T>(ask: () => Promise<T>, limitMs: number): Promise<T> {
    const limit = Date.now() + limitMs;
    for (;;) {
      try {
        if (!this.socket.connected) await until('a connection', () => this.socket.connected, limitMs);
        return await ask();
      } catch (err) {
        const forNow = !(err instanceof Refused) || RETRYABLE.has(err.code);
        if (!forNow || Date.now() > limit) throw err;
        this.trips.refusals += 1;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  override async send(content: string, clientMessageId = `c${Math.random()}`): Promise<{ messageId: string; replyId: string; duplicate: boolean }> {
    return this.insist('message:send', { sessionId: this.sessionId, clientMessageId, content });
  }

  async history(): Promise<Message[]> {
    return (await this.insist<{ messages: Message[] }>('session:history', { sessionId: this.sessionId })).messages;
  }

  override close(): void {
    this.#closed = true;
    clearInterval(this.#watch);
    open.delete(this);
    super.close();
  }

  /** Leaves this gateway for the next one, as after a cut. */
  roam(): void {
    this.drop();
  }

  /** An open that is refused for now is asked again: a tab that holds frames back and waits for nothing would be deaf. */
  protected override reopen(): void {
    this.#again();
  }

  protected override told(event: 'resync' | 'draining' | 'frame'): void {
    this.#heardAt = Date.now();
    if (event === 'resync') this.#again();
    if (event === 'draining') this.socket.disconnect();
  }

  async #connectNext(): Promise<void> {
    this.moveTo(this.#urls[this.#next % this.#urls.length] ?? '');
    this.#next += 1;
    const { socket } = this;
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
      socket.connect();
    });
    this.trips.reconnects += 1;
    socket.once('disconnect', () => {
      if (!this.#closed && socket === this.socket && !this.#moving) void this.arrive().catch(() => undefined);
    });
  }

  #checkSilence(): void {
    const streams = [...this.messages.values()].some(({ status }) => status === 'streaming');
    if (this.#closed || this.#moving) return;
    if (!this.socket.connected) return void this.arrive().catch(() => undefined);
    if (streams && Date.now() - this.#heardAt > SILENCE_MS) this.#again();
  }

  #again(): void {
    this.#heardAt = Date.now();
    if (this.#moving) this.#onceMore = true;
    else void this.arrive().catch(() => undefined);
  }
}

/** Connected, with a session: a new one, or the one named. */
export async function roamingTab(urls: string[], token: string, at: { first?: number; sessionId?: string } = {}): Promise<RoamingTab> {
  const tab = new RoamingTab(urls, token, (at.first ?? 0) - 1 + urls.length);
  if (at.sessionId !== undefined) tab.sessionId = at.sessionId;
  await tab.arrive();
  if (at.sessionId === undefined) {
    for (let tries = 0; tab.sessionId === ''; tries += 1) {
      await tab.open().catch(async (err: unknown) => {
        if (tries > 200) throw err;
        await new Promise((resolve) => setTimeout(resolve, 50));
      });
    }
  }
  return tab;
}
