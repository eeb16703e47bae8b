/** A tab that writes down everything it gets, for the checker. */
import type { Event, OpenReply } from '../../src/protocol/wire.ts';
import { RoamingTab } from '../support/roaming-tab.ts';
import type { TabRecording } from './recording.ts';

export class RecordedTab extends RoamingTab {
  readonly recording: TabRecording;
  /** The answer as it came: the tab itself goes on writing in its messages. */
  #answer: unknown;

  constructor(name: string, urls: string[], token: string, first = 0) {
    super(urls, token, first);
    this.recording = { name, entries: [] };
    this.#listen();
  }

  /** Connected, with its session open: the one it has, or a new one. What is refused for now is asked again. */
  async begin(limitMs = 30_000): Promise<this> {
    await this.arrive(limitMs);
    if (this.sessionId === '') await this.beginSession(limitMs);
    return this;
  }

  override moveTo(url: string): void {
    super.moveTo(url);
    this.#listen();
  }

  override forget(): void {
    this.recording.entries.push({ kind: 'forgot', at: Date.now() });
    super.forget();
  }

  override async request<T = Record<string, unknown>>(event: string, payload: object): Promise<T> {
    const reply = await super.request<T>(event, payload);
    if (event === 'session:open') this.#answer = structuredClone(reply);
    return reply;
  }

  override async open(options: { sessionId?: string; mode?: string; limit?: number } = {}): Promise<OpenReply> {
    const { entries } = this.recording;
    entries.push({ kind: 'asks', at: Date.now(), cursor: this.cursor });
    try {
      const reply = await super.open(options);
      entries.push({ kind: 'opened', at: Date.now(), reply: this.#answer as OpenReply });
      return reply;
    } catch (err) {
      entries.push({ kind: 'refused', at: Date.now() });
      throw err;
    }
  }

  #listen(): void {
    const { entries } = this.recording;
    entries.push({ kind: 'cut', at: Date.now() });
    const mine = (sessionId: string): boolean => sessionId === this.sessionId || this.sessionId === '';
    this.socket.prependAny((event: string, payload: unknown) => {
      if (event === 'session:events') {
        const { sessionId, logId, events } = payload as { sessionId: string; logId: string; events: Event[] };
        if (mine(sessionId)) entries.push({ kind: 'frame', at: Date.now(), logId, events });
      }
      if (event === 'delta') {
        const [sessionId, logId, seq, text] = payload as [string, string, number, string];
        if (mine(sessionId)) entries.push({ kind: 'frame', at: Date.now(), logId, events: [{ type: 'message.delta', messageId: '', seq, at: '', text }] });
      }
    });
  }
}
