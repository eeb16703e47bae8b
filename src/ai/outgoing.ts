/**
 * Chunks on their way to the owners: one event per tick and destination, whatever the number of runs and tokens. What
 * comes while an owner has enough before it goes into its next event: batches grow with the load, and nothing waits
 * for a timer.
 */
import type { RunChunk } from '../protocol/broker.ts';
import type { Run } from './run.ts';
import { SendWindow } from './send-window.ts';

/** `credit`: a number the owner says once these chunks are logged. */
export type SendChunks = (ownerNode: string, chunks: RunChunk[], credit: number | undefined) => void;
/** Runs the task in the next turn of the event loop. */
export type Defer = (task: () => void) => void;

export class Outgoing {
  private readonly send: SendChunks;
  private readonly defer: Defer;
  private waiting = new Set<Run>();
  private scheduled = false;
  private readonly windows = new Map<string, SendWindow>();

  constructor(send: SendChunks, defer: Defer) {
    this.send = send;
    this.defer = defer;
  }

  /** The run has something new. */
  mark(run: Run): void {
    this.waiting.add(run);
    if (this.windowOf(run.ownerNode).isOpen) this.schedule();
  }

  /** Nothing more of this run leaves, not even what waits for the tick. */
  forget(run: Run): void {
    this.waiting.delete(run);
  }

  /** The owner has logged what it was sent up to `credit`. */
  taken(ownerNode: string, credit: number): void {
    this.windows.get(ownerNode)?.taken(credit);
    if (this.waiting.size > 0) this.schedule();
  }

  /** Everything, now. */
  flush(): void {
    const runs = this.waiting;
    this.waiting = new Set();
    this.sendAll([...runs].map((run) => [run, run.takeNew()]));
  }

  /** These go at once, whatever the owner has before it: what was asked for, and what may have been lost. */
  sendAll(entries: [Run, RunChunk | null][]): void {
    const byNode = new Map<string, RunChunk[]>();
    for (const [run, chunk] of entries) {
      if (chunk === null) continue;
      const chunks = byNode.get(run.ownerNode);
      if (chunks) chunks.push(chunk);
      else byNode.set(run.ownerNode, [chunk]);
    }
    for (const [node, chunks] of byNode) this.send(node, chunks, this.windowOf(node).next(chunks.length));
  }

  /** To be called at intervals, with every owner there still is: answers may have been lost. */
  look(owners: Set<string>): void {
    for (const [node, window] of this.windows) {
      if (owners.has(node)) window.look();
      else this.windows.delete(node);
    }
    if (this.waiting.size > 0) this.schedule();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.defer(() => {
      this.scheduled = false;
      this.sendWaiting();
    });
  }

  private sendWaiting(): void {
    const runs = [...this.waiting].filter((run) => this.windowOf(run.ownerNode).isOpen);
    for (const run of runs) this.waiting.delete(run);
    this.sendAll(runs.map((run) => [run, run.takeNew()]));
  }

  private windowOf(ownerNode: string): SendWindow {
    let window = this.windows.get(ownerNode);
    if (!window) this.windows.set(ownerNode, (window = new SendWindow()));
    return window;
  }
}
