/**
 * A node that is gone may have taken frames with it: the last ones of its own sessions, or what it was to pass on for an
 * owner without a gateway. Nobody knows which, but the log has them all: each gateway tells its sockets how far their
 * sessions are, and who is behind opens again. Of an open reply its owner tells that by itself.
 */
import type { ServiceBroker } from 'moleculer';
import type { EventLog } from '../../backends/contracts.ts';
import type { Clock } from '../../clock.ts';
import type { Cursor } from '../../protocol/wire.ts';

export interface HeadTellerParts {
  meta: EventLog['meta'];
  clock: Clock;
  /** Rooms of this gateway's sockets, and the sessions they stand for. */
  rooms(): Map<string, string>;
  tell(rooms: Map<string, string>, heads: Record<string, Cursor>): void;
  warn(err: unknown, sessions: number): void;
}

const AT_ONCE = 100;
/** A log that cannot be read now is asked again after this long, in ms. */
const RETRY_MS = 1_000;

export class HeadTeller {
  readonly #parts: HeadTellerParts;
  #running = false;
  #again = false;
  #stopped = false;

  constructor(parts: HeadTellerParts) {
    this.#parts = parts;
  }

  /** A node is gone. During a round, once more after it. */
  nodeGone(): void {
    this.#again = true;
    if (!this.#running) void this.#run();
  }

  stop(): void {
    this.#stopped = true;
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#again && !this.#stopped) {
      this.#again = false;
      const rooms = this.#parts.rooms();
      try {
        await this.#round(rooms);
      } catch (err) {
        this.#parts.warn(err, rooms.size);
        this.#again = true;
        await new Promise<void>((resolve) => this.#parts.clock.after(RETRY_MS, resolve));
      }
    }
    this.#running = false;
  }

  async #round(rooms: Map<string, string>): Promise<void> {
    const ids = [...new Set(rooms.values())];
    for (let i = 0; i < ids.length; i += AT_ONCE) {
      const metas = await Promise.all(ids.slice(i, i + AT_ONCE).map((id) => this.#parts.meta(id)));
      const quiet = metas.filter((meta) => meta !== null).filter(({ run, head }) => run === null && head > 0);
      this.#parts.tell(rooms, Object.fromEntries(quiet.map(({ sessionId, logId, head }) => [sessionId, { logId, seq: head }])));
    }
  }
}

interface Left {
  node: { services?: { name: string }[] };
}

/** Tells the heads whenever a node has left, in peace or not, until the returned function is called. */
export function tellAfterLosses({ localBus }: ServiceBroker, parts: HeadTellerParts): () => void {
  const heads = new HeadTeller(parts);
  const left = ({ node }: Left): void => {
    if (mayTakeFrames(node.services)) heads.nodeGone();
  };
  localBus.on('$node.disconnected', left);
  return () => {
    localBus.off('$node.disconnected', left);
    heads.stop();
  };
}

/** The services of a node that left in peace are not always known any more. */
export function mayTakeFrames(services: { name: string }[] | undefined): boolean {
  if (!services || services.length === 0) return true;
  return services.some(({ name }) => name === 'gateway' || name === 'session-owner');
}
