/** A server that was started from a local binary: Redis, MongoDB, Kafka, HAProxy. */
import type { LocalServer } from '../servers/local-server.ts';
import type { Member, MemberEvents, MemberState } from './member.ts';

export interface ServerPlan {
  name: string;
  logFile: string;
  port: number;
  /** Starts it there and waits until it serves. */
  launch(): Promise<LocalServer>;
}

export class ServerMember implements Member {
  readonly kind = 'server';
  readonly #plan: ServerPlan;
  readonly #events: MemberEvents;
  #server: LocalServer | undefined;
  #launching: Promise<unknown> = Promise.resolve();
  #state: MemberState = 'stopped';
  #note = '';

  constructor(plan: ServerPlan, events: MemberEvents) {
    this.#plan = plan;
    this.#events = events;
  }

  get name(): string {
    return this.#plan.name;
  }
  get state(): MemberState {
    return this.#state;
  }
  get pid(): number | undefined {
    return this.#server?.pid;
  }
  get address(): string {
    return `127.0.0.1:${this.#plan.port}`;
  }
  get logFile(): string {
    return this.#plan.logFile;
  }
  get note(): string {
    return this.#note;
  }

  async start(): Promise<void> {
    this.#state = 'starting';
    this.#note = '';
    try {
      const launching = this.#plan.launch();
      this.#launching = launching;
      const server = await launching;
      this.#server = server;
      this.#state = 'ready';
      void server.exited.then(() => this.#ended(server));
    } catch (error) {
      this.#state = 'died';
      this.#note = error instanceof Error ? error.message : String(error);
      throw error;
    } finally {
      this.#events.changed(this);
    }
  }

  async stop(): Promise<string> {
    // One that is just starting has no process to end yet.
    await this.#launching.catch(() => {});
    const server = this.#server;
    if (server === undefined) return 'was not running';
    this.#state = 'stopping';
    await server.stop();
    this.#ended(server);
    return 'ended';
  }

  #ended(server: LocalServer): void {
    if (this.#server !== server) return;
    const asked = this.#state === 'stopping';
    this.#server = undefined;
    this.#state = asked ? 'stopped' : 'died';
    this.#note = asked ? 'stopped' : 'ended by itself or killed';
    this.#events.changed(this);
    if (!asked) this.#events.died(this);
  }
}
