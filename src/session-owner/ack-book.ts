/**
 * What this node has logged of each run, told to the ai nodes a few times a second in one call per node. Listing an
 * open run again without progress is its keep-alive.
 */
import type { ActionParams } from '../protocol/broker.ts';

type Ack = ActionParams<'ai.ack'>['acks'][number];

export class AckBook {
  readonly #nodes = new Map<string, Map<string, Ack>>();

  /** Notes how far a run is logged; it is listed until it is forgotten or its end was told. */
  note(aiNode: string, ack: Ack): void {
    let runs = this.#nodes.get(aiNode);
    if (!runs) this.#nodes.set(aiNode, (runs = new Map<string, Ack>()));
    const before = runs.get(ack.runId);
    runs.set(ack.runId, before ? { ...ack, offset: Math.max(before.offset, ack.offset), ended: before.ended || ack.ended } : ack);
  }

  forget(aiNode: string, runId: string): void {
    const runs = this.#nodes.get(aiNode);
    runs?.delete(runId);
    if (runs?.size === 0) this.#nodes.delete(aiNode);
  }

  /** One list per node. Ended runs are told once: an ai node that missed it sends its end again and is told to stop. */
  flush(tell: (aiNode: string, acks: Ack[]) => void): void {
    for (const [aiNode, runs] of this.#nodes) {
      const acks = [...runs.values()];
      for (const ack of acks) if (ack.ended) this.forget(aiNode, ack.runId);
      tell(aiNode, acks);
    }
  }
}
