/** Chunks on their way to the owners: one event per tick and destination, whatever the number of runs and tokens. */
import type { RunChunk } from '../protocol/broker.ts';
import type { Run } from './run.ts';

export type SendChunks = (ownerNode: string, chunks: RunChunk[]) => void;
/** Runs the task in the next turn of the event loop. */
export type Defer = (task: () => void) => void;

export class Outgoing {
  private readonly send: SendChunks;
  private readonly defer: Defer;
  private waiting = new Set<Run>();
  private scheduled = false;

  constructor(send: SendChunks, defer: Defer) {
    this.send = send;
    this.defer = defer;
  }

  /** The run has something new. */
  mark(run: Run): void {
    this.waiting.add(run);
    if (this.scheduled) return;
    this.scheduled = true;
    this.defer(() => {
      this.scheduled = false;
      this.flush();
    });
  }

  /** Nothing more of this run leaves, not even what waits for the tick. */
  forget(run: Run): void {
    this.waiting.delete(run);
  }

  flush(): void {
    const runs = this.waiting;
    this.waiting = new Set();
    this.sendAll([...runs].map((run) => [run, run.takeNew()]));
  }

  sendAll(entries: [Run, RunChunk | null][]): void {
    const byNode = new Map<string, RunChunk[]>();
    for (const [run, chunk] of entries) {
      if (chunk === null) continue;
      const chunks = byNode.get(run.ownerNode);
      if (chunks) chunks.push(chunk);
      else byNode.set(run.ownerNode, [chunk]);
    }
    for (const [node, chunks] of byNode) this.send(node, chunks);
  }
}
