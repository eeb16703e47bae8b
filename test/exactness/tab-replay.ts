/**
 * Plays what one tab got once more, strictly: each event once, in order, without a hole, and nothing that was shown ever
 * changes unless the server said so. What the tab shows in the end is the result.
 */
import type { Cursor, Event } from '../../src/protocol/wire.ts';
import { applyEvent, brief, shown, type Shown } from './fold.ts';
import { isCalm, type Found, type Span, type TabEntry, type TabRecording, type VerdictKind } from './recording.ts';

type Opened = Extract<TabEntry, { kind: 'opened' }>;
type Frame = Extract<TabEntry, { kind: 'frame' }>;

/** A frame may be on its way while something breaks. */
const AROUND_MS = 1_000;

export class TabReplay {
  readonly found: Found[] = [];
  readonly messages = new Map<string, Shown>();
  readonly #name: string;
  readonly #faults: Span[];
  #cursor: Cursor | null = null;
  #held: Frame[] | null = null;
  /** Behind a hole nothing is taken until it has opened again. */
  #behindHole = false;
  /** Events of one log that came by this connection. */
  #came = { logId: '', newest: 0, seqs: new Set<number>() };

  constructor({ name, entries }: TabRecording, faults: Span[]) {
    this.#name = name;
    this.#faults = faults;
    for (const entry of entries) this.#play(entry);
    if (this.#behindHole) this.#say('gap', entries.at(-1)?.at ?? 0, 'a hole was never closed');
  }

  #say(kind: VerdictKind, at: number, detail: string): void {
    this.found.push({ kind, at, detail: `${this.#name}: ${detail}` });
  }

  #isCalm(at: number): boolean {
    return isCalm(this.#faults, { from: at - AROUND_MS, to: at });
  }

  #play(entry: TabEntry): void {
    switch (entry.kind) {
      case 'asks':
        this.#held ??= [];
        return;
      case 'refused':
        this.#held = null;
        return;
      case 'opened':
        return this.#opened(entry);
      case 'frame':
        this.#arrived(entry);
        if (this.#held) this.#held.push(entry);
        else this.#take(entry.logId, entry.events, entry.at);
        return;
      case 'cut':
        this.#held = null;
        this.#came = { logId: '', newest: 0, seqs: new Set() };
        return;
      case 'forgot':
        this.#cursor = null;
        this.messages.clear();
    }
  }

  /** Looks at the order on the wire alone. */
  #arrived({ logId, events, at }: Frame): void {
    if (logId !== this.#came.logId) this.#came = { logId, newest: 0, seqs: new Set() };
    const { seqs } = this.#came;
    for (const { seq } of events) {
      const { newest } = this.#came;
      if (seqs.has(seq)) this.#say('repeat', at, `${logId}/${seq} came twice by one connection`);
      else if (seq < newest && this.#isCalm(at)) this.#say('reorder', at, `${logId}/${seq} came after ${logId}/${newest}`);
      seqs.add(seq);
      this.#came.newest = Math.max(newest, seq);
    }
  }

  #opened({ reply, at }: Opened): void {
    const held = this.#held ?? [];
    this.#held = null;
    this.#behindHole = false;
    if (reply.messages) this.#replace(reply, at);
    else this.#continue(reply, at);
    for (const frame of held) this.#take(frame.logId, frame.events, frame.at);
  }

  #replace({ messages = [], resync, cursor }: Opened['reply'], at: number): void {
    const before = [...this.messages.values()];
    const now = new Map(messages.map((message) => [message.id, shown(message)]));
    const declared = resync || this.#cursor === null;
    for (const was of before) {
      const is = now.get(was.id);
      if (!is) this.#say(was.role === 'user' || was.status !== 'streaming' ? 'lost' : 'text-changed', at, `${was.id} vanished, it was ${brief(was)}`);
      else if (!goesOn(was, is, declared)) this.#say('text-changed', at, `${was.id} was ${brief(was)} and is ${brief(is)}`);
    }
    this.messages.clear();
    for (const [id, message] of now) this.messages.set(id, message);
    this.#cursor = cursor;
  }

  #continue({ events = [], cursor }: Opened['reply'], at: number): void {
    if (!this.#cursor) return this.#say('gap', at, 'an open without a cursor was answered without a snapshot');
    if (cursor.logId !== this.#cursor.logId) return this.#say('gap', at, `a cursor of log ${this.#cursor.logId} was continued in log ${cursor.logId}`);
    const from = this.#cursor.seq;
    for (const event of events) {
      if (event.seq !== this.#cursor.seq + 1) return this.#say('gap', at, `asked from ${from} on, got ${event.seq} after ${this.#cursor.seq}`);
      this.#apply(event, at);
      this.#cursor = { logId: cursor.logId, seq: event.seq };
    }
    if (cursor.seq !== this.#cursor.seq) this.#say('gap', at, `the answer ends at ${this.#cursor.seq} and says ${cursor.seq}`);
  }

  #take(logId: string, events: Event[], at: number): void {
    for (const event of events) {
      const cursor = this.#cursor;
      if (!cursor || this.#behindHole) return;
      if (logId === cursor.logId && event.seq <= cursor.seq) {
        // What an open brought may still be on its way as a frame; twice as a frame is found above.
        continue;
      }
      if (logId !== cursor.logId || event.seq !== cursor.seq + 1) {
        this.#behindHole = true;
        if (this.#isCalm(at)) this.#say('gap', at, `${logId}/${event.seq} came after ${cursor.logId}/${cursor.seq}`);
        return;
      }
      this.#apply(event, at);
      this.#cursor = { logId, seq: event.seq };
    }
  }

  #apply(event: Event, at: number): void {
    const wrong = applyEvent(this.messages, event);
    // A message it has already is replaced, as the protocol says; twice in one log is the log's fault.
    if (wrong === 'two-ends') this.#say(wrong, at, `${event.type} at ${event.seq} of ${'messageId' in event ? event.messageId : ''}`);
  }
}

/** What has ended stays as it is; what streams grows, unless the server declared a new beginning. */
function goesOn(was: Shown, is: Shown, declared: boolean): boolean {
  if (was.status !== 'streaming') return is.status === was.status && is.content === was.content;
  return declared || is.content.startsWith(was.content);
}
