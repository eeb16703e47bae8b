/**
 * The end of a node, in one place: Moleculer's own signal handlers are off, for two handlers would stop it twice.
 *
 * First SIGTERM or SIGINT: the services of this node hear `node.draining {withinMs}` (the gateway answers /ready with
 * 503 and tells its clients), the load balancer gets time to notice, then the broker stops; exit 0, or 1 when that
 * took longer than DRAIN_MS. A second signal: exit 1 at once. What the store acknowledged is safe either way.
 *
 * An error nobody caught means that this process is in a state nobody thought of: it is logged and the process exits
 * 1 at once. A fresh one recovers every session from the store; one that goes on might write nonsense into it.
 */
import type { ServiceBroker } from 'moleculer';
import type { Config } from '../config.ts';
import { markDraining } from '../readiness.ts';
import type { Host, StopSignal } from './host.ts';

/** Ctrl-C under npm reaches the process twice, from the terminal and from npm; that close together it is one wish. */
const SAME_WISH_MS = 1_000;

/** How long clients of a node that nothing balances are told to wait before they connect again. */
const RECONNECT_WITHIN_MS = 1_000;

export type DrainingNotice = { withinMs: number };

/** Time for the load balancer to mark this node down; nothing to wait for without one. */
export function balancerWaitMs(config: Pick<Config, 'mode' | 'DRAIN_MS'>): number {
  return config.mode === 'embedded' ? 0 : Math.floor(config.DRAIN_MS / 4);
}

export class Shutdown {
  readonly #broker: ServiceBroker;
  readonly #config: Config;
  readonly #host: Host;
  readonly #logger: ReturnType<ServiceBroker['getLogger']>;
  readonly #started: Promise<void>;
  #markStarted: () => void = () => {};
  #begunAt: number | null = null;
  #removers: (() => void)[] = [];

  constructor(broker: ServiceBroker, config: Config, host: Host) {
    this.#broker = broker;
    this.#config = config;
    this.#host = host;
    this.#logger = broker.getLogger('process');
    this.#started = new Promise((resolve) => {
      this.#markStarted = resolve;
    });
  }

  watch(): void {
    const signals: StopSignal[] = ['SIGTERM', 'SIGINT'];
    this.#removers = signals.map((signal) => this.#host.onSignal(signal, () => this.#onSignal(signal)));
    this.#removers.push(this.#host.onUncaught((error) => this.#onUncaught(error)));
  }

  /** The broker runs: from now on a signal can stop it in order. */
  started(): void {
    this.#markStarted();
  }

  unwatch(): void {
    for (const remove of this.#removers.splice(0)) remove();
  }

  #onSignal(signal: StopSignal): void {
    const now = this.#host.clock.now();
    if (this.#begunAt === null) {
      this.#begunAt = now;
      void this.#stop(signal);
    } else if (now - this.#begunAt >= SAME_WISH_MS) {
      this.#host.say(`${signal} again: stopping without waiting`);
      this.#host.exit(1);
    }
  }

  async #stop(signal: StopSignal): Promise<void> {
    const { DRAIN_MS } = this.#config;
    this.#logger.info({ signal, drainMs: DRAIN_MS }, 'stopping');
    const disarm = this.#host.clock.after(DRAIN_MS, () => {
      this.#host.say(`did not stop within DRAIN_MS (${DRAIN_MS} ms) and was ended; what the store has is safe`);
      this.#host.exit(1);
    });
    await this.#started;
    await this.#drain();
    // While gateways of this node still bring the last frames to everybody.
    await this.#broker.broadcastLocal('node.handover');
    await this.#broker.stop();
    disarm();
    this.#host.exit(0);
  }

  async #drain(): Promise<void> {
    const wait = balancerWaitMs(this.#config);
    const notice: DrainingNotice = { withinMs: wait || RECONNECT_WITHIN_MS };
    markDraining(this.#broker);
    await this.#broker.broadcastLocal('node.draining', notice);
    if (wait > 0) await new Promise<void>((resolve) => void this.#host.clock.after(wait, resolve));
  }

  #onUncaught(error: unknown): void {
    this.#logger.fatal({ err: error }, 'unexpected error; the process ends');
    const message = error instanceof Error ? error.message : String(error);
    this.#host.say(`ended by an unexpected error: ${message.replaceAll(/\s+/g, ' ')}`);
    this.#host.exit(1);
  }
}
