/**
 * What this node has logged of each run, told to the ai nodes a few times a second in one call per node. The open runs
 * are listed from the sessions themselves, with or without progress (that is their keep-alive), so that a run which is
 * not current any more cannot stay in the list; only ends are noted, and told once.
 */
import type { ActionParams } from '../protocol/broker.ts';

export type Ack = ActionParams<'ai.ack'>['acks'][number];
export interface NodeAck {
  aiNode: string;
  ack: Ack;
}

export class AckBook {
  #ended: NodeAck[] = [];

  /** The end of this run is logged. An ai node that misses the word sends its end again and is told to stop. */
  ended(aiNode: string, ack: Ack): void {
    this.#ended.push({ aiNode, ack });
  }

  /** One list per node: the open runs, and the ends since the last time. */
  flush(open: Iterable<NodeAck>, tell: (aiNode: string, acks: Ack[]) => void): void {
    const nodes = new Map<string, Ack[]>();
    for (const { aiNode, ack } of [...open, ...this.#ended]) {
      const acks = nodes.get(aiNode);
      if (acks) acks.push(ack);
      else nodes.set(aiNode, [ack]);
    }
    this.#ended = [];
    for (const [aiNode, acks] of nodes) tell(aiNode, acks);
  }
}
