/** Work that another node does for this one, given up as soon as that node is certainly gone: its answer would never come. */
import type { Presence } from '../backends/contracts.ts';
import type { Clock } from '../clock.ts';

/** Most answers come sooner, and cost no question. */
const ASK_AFTER_MS = 200;

export interface Peers {
  presence: Presence;
  clock: Clock;
}

export class NodeGone extends Error {
  constructor(nodeId: string) {
    super(`node ${nodeId} is gone`);
  }
}

/** False also when that cannot be told now. */
export async function surelyGone(presence: Presence, nodeId: string): Promise<boolean> {
  try {
    return await presence.isGone(nodeId);
  } catch {
    return false;
  }
}

/** The outcome of `work`, or NodeGone. */
export async function unlessGone<T>({ presence, clock }: Peers, nodeId: string, work: Promise<T>): Promise<T> {
  let stop = (): void => {};
  const gone = new Promise<never>((_, reject) => {
    const tell = (): void => reject(new NodeGone(nodeId));
    const unwatch = presence.onGone((id) => {
      if (id === nodeId) tell();
    });
    const cancel = clock.after(ASK_AFTER_MS, () => {
      void surelyGone(presence, nodeId).then((isGone) => isGone && tell());
    });
    stop = () => (unwatch(), cancel());
  });
  try {
    return await Promise.race([work, gone]);
  } finally {
    stop();
  }
}
