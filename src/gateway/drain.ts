/** A node that is about to stop: it takes nobody new and tells those it has to go elsewhere. */
import type { GatewayServer } from './sockets/sockets.ts';

export interface Drain {
  readonly isDraining: boolean;
  /**
   * From now on /ready answers 503 and new sockets are refused; this node's own sockets (never another node's) are
   * told to reconnect within that time. Doing it again changes nothing.
   */
  begin(io: GatewayServer, withinMs: number): void;
}

/** `begun`: called once. */
export function createDrain(begun: () => void): Drain {
  let isDraining = false;
  return {
    get isDraining() {
      return isDraining;
    },
    begin(io, withinMs) {
      if (isDraining) return;
      isDraining = true;
      begun();
      io.local.emit('server:draining', { withinMs });
    },
  };
}
