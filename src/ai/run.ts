/** One attempt at a reply: its text that no owner has acknowledged yet, and what of it was sent when. No I/O. */
import type { RunChunk, RunEnd, RunView } from '../protocol/broker.ts';
import { splitsPair, WellFormedStream } from './well-formed.ts';

export interface RunIdentity {
  runId: string;
  sessionId: string;
  replyId: string;
}

/** How far the run had been sent at some moment. */
interface Mark {
  at: number;
  through: number;
  end: boolean;
}

/** Offsets are UTF-16 units of the reply's whole text; a run that continues a prefix begins at its length. */
export class Run {
  readonly id: string;
  readonly sessionId: string;
  readonly replyId: string;
  readonly startedAt: number;
  ownerNode: string;
  epoch: number;
  /** When an owner last said that it wants this run. */
  heardAt: number;
  private kept = '';
  private keptFrom: number;
  private sentThrough: number;
  private endSent = false;
  private finished: RunEnd | undefined;
  private readonly stream = new WellFormedStream();
  private marks: Mark[] = [];
  private quietUntil = 0;

  constructor(identity: RunIdentity, ownerNode: string, epoch: number, base: number, now: number) {
    this.id = identity.runId;
    this.sessionId = identity.sessionId;
    this.replyId = identity.replyId;
    this.ownerNode = ownerNode;
    this.epoch = epoch;
    this.startedAt = now;
    this.heardAt = now;
    this.keptFrom = base;
    this.sentThrough = base;
  }

  get ended(): boolean {
    return this.finished !== undefined;
  }
  get length(): number {
    return this.keptFrom + this.kept.length;
  }
  /** Ids for the log. */
  get ids(): { run: string; session: string; message: string } {
    return { run: this.id, session: this.sessionId, message: this.replyId };
  }

  append(piece: string): void {
    if (!this.ended) this.kept += this.stream.push(piece);
  }

  /** The first end counts; nothing comes after it. */
  finish(end: RunEnd): void {
    if (this.ended) return;
    this.kept += this.stream.end();
    this.finished = end;
  }

  /** True when the text from `offset` on can still be given. */
  has(offset: number): boolean {
    return offset >= this.keptFrom && offset <= this.length;
  }

  /** Forgets what lies below `offset`: it is in the owner's log. */
  acknowledge(offset: number): void {
    const place = this.wholePair(Math.min(offset, this.length));
    if (place <= this.keptFrom) return;
    this.kept = this.kept.slice(place - this.keptFrom);
    this.keptFrom = place;
    this.sentThrough = Math.max(this.sentThrough, place);
  }

  /** What was never sent, or null. It counts as sent from now on. */
  takeNew(): RunChunk | null {
    if (this.sentThrough === this.length && this.endSent === this.ended) return null;
    const chunk = this.chunk(this.sentThrough, this.length);
    this.sentThrough = this.length;
    this.endSent = this.ended;
    return chunk;
  }

  /** Everything from `offset` on. It counts as sent at `now`: the next repetition is a whole interval away. */
  takeFrom(offset: number, now: number, resendMs: number): RunChunk {
    const chunk = this.chunk(this.wholePair(offset), this.length);
    this.sentThrough = this.length;
    this.endSent = this.ended;
    this.quietUntil = now + resendMs;
    return chunk;
  }

  /** What was sent `resendMs` ago or earlier and is not acknowledged, or null. To be asked several times in that time. */
  takeOverdue(now: number, resendMs: number): RunChunk | null {
    this.marks.push({ at: now, through: this.sentThrough, end: this.endSent });
    let overdue: Mark | undefined;
    while (this.marks[0] !== undefined && this.marks[0].at <= now - resendMs) overdue = this.marks.shift();
    if (overdue === undefined || now < this.quietUntil) return null;
    if (overdue.through <= this.keptFrom && !overdue.end) return null;
    this.quietUntil = now + resendMs;
    return this.chunk(this.keptFrom, overdue.through);
  }

  view(now: number): RunView {
    return {
      runId: this.id,
      sessionId: this.sessionId,
      ownerNode: this.ownerNode,
      epoch: this.epoch,
      characters: this.length,
      acknowledged: this.keptFrom,
      ended: this.ended,
      ageMs: now - this.startedAt,
    };
  }

  private chunk(from: number, through: number): RunChunk {
    const text = this.kept.slice(from - this.keptFrom, through - this.keptFrom);
    const chunk: RunChunk = { runId: this.id, sessionId: this.sessionId, offset: from, text };
    if (this.finished !== undefined && through === this.length) chunk.end = this.finished;
    return chunk;
  }

  /** `offset`, or one less when it lies within a pair: no chunk begins there. */
  private wholePair(offset: number): number {
    return splitsPair(this.kept, offset - this.keptFrom) ? offset - 1 : offset;
  }
}
