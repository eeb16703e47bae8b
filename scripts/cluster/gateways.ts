/** Which gateways HAProxy knows, in which slot. Follows both: gateways that come and go, and HAProxy itself. */
import type { HaproxyRuntime } from './haproxy-runtime.ts';

export class Gateways {
  readonly #runtime: HaproxyRuntime;
  readonly #say: (line: string) => void;
  readonly #ports = new Map<string, number>();
  readonly #slots = new Map<string, string>();
  #proxyRuns = false;
  #last: Promise<void> = Promise.resolve();

  constructor(runtime: HaproxyRuntime, say: (line: string) => void) {
    this.#runtime = runtime;
    this.#say = say;
  }

  slotOf(name: string): string | undefined {
    return this.#slots.get(name);
  }

  /** The process is there. It gets clients once its checks have passed. */
  came(name: string, port: number): Promise<void> {
    return this.#inTurn(async () => {
      this.#ports.set(name, port);
      await this.#enter(name, port);
    });
  }

  went(name: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#ports.delete(name);
      const slot = this.#slots.get(name);
      this.#slots.delete(name);
      if (slot !== undefined && this.#proxyRuns) await this.#runtime.remove(slot);
    });
  }

  /** A fresh HAProxy knows nobody. */
  proxyCame(): Promise<void> {
    return this.#inTurn(async () => {
      this.#proxyRuns = true;
      for (const [name, port] of this.#ports) await this.#enter(name, port);
    });
  }

  proxyWent(): Promise<void> {
    return this.#inTurn(() => {
      this.#proxyRuns = false;
      this.#slots.clear();
      return Promise.resolve();
    });
  }

  async #enter(name: string, port: number): Promise<void> {
    if (this.#proxyRuns && !this.#slots.has(name)) this.#slots.set(name, await this.#runtime.add(port));
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work).catch((error: unknown) => this.#say(error instanceof Error ? error.message : String(error)));
    this.#last = turn;
    return turn;
  }
}
