/**
 * Chunks on their way to the owners: one event per tick and destination, whatever the number of runs and tokens, and one
 * at a time. What comes while an event is on its way goes into the next: batches grow with the load, and nothing waits
 * for a timer.
 */
import type { RunChunk } from '../protocol/broker.ts';
import type { Run } from './run.ts';

/** A promise: settles, soon and in any case, when the event has left this process. */
export type SendChunks = (ownerNode: string, chunks: RunChunk[]) => void | Promise<void>;
/** Runs the task in the next turn of the event loop. */
export type Defer = (task: () => void) => void;

export class Outgoing {
  private readonly send: SendChunks;
  private readonly defer: Defer;
  private waiting = new Set<Run>();
  private scheduled = false;
  /** Owners to whom an event is on its way. */
  private readonly busy = new Set<string>();

  constructor(send: SendChunks, defer: Defer) {
    this.send = send;
    this.defer = defer;
  }

  /** The run has something new. */
  mark(run: Run): void {
    this.waiting.add(run);
    if (!this.busy.has(run.ownerNode)) this.schedule();
  }

  /** Nothing more of this run leaves, not even what waits for the tick. */
  forget(run: Run): void {
    this.waiting.delete(run);
  }

  /** Everything, now. */
  flush(): void {
    const runs = this.waiting;
    this.waiting = new Set();
    this.sendAll([...runs].map((run) => [run, run.takeNew()]));
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.defer(() => {
      this.scheduled = false;
      this.flushIdle();
    });
  }

  private flushIdle(): void {
    const runs = [...this.waiting].filter((run) => !this.busy.has(run.ownerNode));
    for (const run of runs) this.waiting.delete(run);
    this.sendAll(runs.map((run) => [run, run.takeNew()]));
  }

  sendAll(entries: [Run, RunChunk | null][]): void {
    const byNode = new Map<string, RunChunk[]>();
    for (const [run, chunk] of entries) {
      if (chunk === null) continue;
      const chunks = byNode.get(run.ownerNode);
      if (chunks) chunks.push(chunk);
      else byNode.set(run.ownerNode, [chunk]);
    }
    for (const [node, chunks] of byNode) this.sendTo(node, chunks);
  }

  private sendTo(node: string, chunks: RunChunk[]): void {
    const leaving = this.send(node, chunks);
    if (!(leaving instanceof Promise)) return;
    this.busy.add(node);
    const left = (): void => {
      this.busy.delete(node);
      if (this.waiting.size > 0) this.schedule();
    };
    leaving.then(left, left);
  }
}
