/** A node that somebody added from another terminal with `npm run node`. It belongs to that terminal. */
import { isAlive, identityOf, type ProcessIdentity } from './process-identity.ts';
import type { Member, MemberState } from './member.ts';

const LOOK_EVERY_MS = 50;

export interface Joining {
  name: string;
  pid: number;
  services: string;
  /** Of a gateway: where it takes clients. */
  port?: number;
}

export class JoinedMember implements Member {
  readonly kind = 'joined';
  readonly state: MemberState = 'ready';
  readonly logFile = 'its own terminal';
  readonly note = '';
  readonly name: string;
  readonly pid: number;
  readonly port: number | undefined;
  readonly address: string;
  readonly #identity: ProcessIdentity | undefined;

  constructor({ name, pid, services, port }: Joining) {
    this.name = name;
    this.pid = pid;
    this.port = port;
    this.address = port === undefined ? services : `127.0.0.1:${port}`;
    this.#identity = identityOf(pid);
  }

  start(): Promise<void> {
    return Promise.reject(new Error(`${this.name} was started by npm run node: start it there`));
  }

  async stop(): Promise<string> {
    const identity = this.#identity;
    if (identity === undefined || !isAlive(identity)) return 'was not running';
    process.kill(this.pid, 'SIGTERM');
    while (isAlive(identity)) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    return 'ended';
  }
}
