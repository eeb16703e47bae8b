/**
 * Empties the audit outbox into its sink, batch by batch, oldest first. An entry leaves the outbox only after the sink
 * has it: every entry arrives at least once, and a repeat carries the same id. A sink or an outbox that fails is
 * tried again after a growing pause; nothing of this is in the way of a chat.
 */
import type { AuditOutbox, AuditSink } from '../backends/contracts.ts';
import type { Clock } from '../clock.ts';

/** Pause between two full batches, so that a long backlog leaves the process to the chats. */
const BREATH_MS = 10;
const FIRST_RETRY_MS = 500;

export interface DrainPorts {
  outbox: AuditOutbox;
  sink: AuditSink;
  clock: Clock;
  log: {
    /** `behind`: what waits; null when the outbox itself cannot be asked. */
    outage(error: unknown, behind: Behind | null): void;
    recovered(outage: { attempts: number; lastedMs: number; behind: Behind | null }): void;
  };
}
export interface Behind {
  entries: number;
  bytes: number;
}
export interface DrainSettings {
  batch: number;
  /** Pause after a batch that was not full. */
  idleMs: number;
  retryMaxMs: number;
}

type Outage = { since: number; attempts: number };

export class Drain {
  readonly #ports: DrainPorts;
  readonly #settings: DrainSettings;
  #delivered = 0;
  #failures = 0;
  #outage: Outage | null = null;
  #stopped = false;
  #cancel: () => void = () => {};
  #running: Promise<void> = Promise.resolve();

  constructor(ports: DrainPorts, settings: DrainSettings) {
    this.#ports = ports;
    this.#settings = settings;
  }

  start(): void {
    this.#next(0);
  }

  /** Ends after the batch at hand; what is left stays in the outbox. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#running;
  }

  /** Since this node started. */
  counts(): { delivered: number; failures: number; failing: boolean } {
    return { delivered: this.#delivered, failures: this.#failures, failing: this.#outage !== null };
  }

  #next(pause: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#ports.clock.after(pause, () => {
      this.#running = this.#turn().then((wait) => this.#next(wait));
    });
  }

  /** One batch; answers how long to wait for the next one. */
  async #turn(): Promise<number> {
    try {
      const moved = await this.#moveBatch();
      this.#delivered += moved;
      await this.#endOutage();
      return moved === this.#settings.batch ? BREATH_MS : this.#settings.idleMs;
    } catch (error) {
      return await this.#noteFailure(error);
    }
  }

  async #moveBatch(): Promise<number> {
    const { outbox, sink } = this.#ports;
    const waiting = await outbox.peek(this.#settings.batch);
    if (waiting.length === 0) return 0;
    await sink.deliver(waiting.map(({ entry }) => entry));
    await outbox.remove(waiting.map(({ key }) => key));
    return waiting.length;
  }

  async #noteFailure(error: unknown): Promise<number> {
    this.#failures += 1;
    if (this.#outage === null) {
      this.#outage = { since: this.#ports.clock.now(), attempts: 0 };
      this.#ports.log.outage(error, await this.#behind());
    }
    this.#outage.attempts += 1;
    return Math.min(this.#settings.retryMaxMs, FIRST_RETRY_MS * 2 ** Math.min(this.#outage.attempts - 1, 20));
  }

  async #endOutage(): Promise<void> {
    if (this.#outage === null) return;
    const { since, attempts } = this.#outage;
    this.#outage = null;
    this.#ports.log.recovered({ attempts, lastedMs: this.#ports.clock.now() - since, behind: await this.#behind() });
  }

  async #behind(): Promise<Behind | null> {
    try {
      const { entries, bytes } = await this.#ports.outbox.stats();
      return { entries, bytes };
    } catch {
      return null;
    }
  }
}
