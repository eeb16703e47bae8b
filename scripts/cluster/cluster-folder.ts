/** What stands in `.cluster/`: data and logs of all members, the tokens' secret, and who runs at the moment. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, type ProcessIdentity } from './process-identity.ts';

export interface ClusterState {
  /** The process that started the others and answers at `control`. */
  supervisor: ProcessIdentity;
  control: string;
  /** Where people open it. */
  url: string;
  /** Settings of its nodes that a further node needs. */
  settings: Record<string, string>;
  processes: ({ name: string } & ProcessIdentity)[];
}

/** A socket's path may have about 104 characters, and HAProxy binds it under a longer name first. */
const LONGEST_SOCKET_PATH = 85;

export class ClusterFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  make(): void {
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
  }

  dirOf(name: string): string {
    return join(this.path, name);
  }

  logOf(name: string): string {
    return join(this.path, name, `${name}.log`);
  }

  /** In the folder, or in a short one of our own when that path is too long for a socket. */
  socket(name: string): string {
    const path = join(this.path, name);
    if (Buffer.byteLength(path) <= LONGEST_SOCKET_PATH) return path;
    const short = join(tmpdir(), `holdfast-${process.pid}`);
    mkdirSync(short, { recursive: true, mode: 0o700 });
    return join(short, name);
  }

  /** Made once; every start of the cluster has the same, so that tokens live on. */
  secret(): string {
    const file = join(this.path, 'secret');
    if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' });
    return readFileSync(file, 'utf8').trim();
  }

  readState(): ClusterState | undefined {
    try {
      return JSON.parse(readFileSync(this.#stateFile, 'utf8')) as ClusterState;
    } catch {
      return undefined;
    }
  }

  /** The state of a cluster whose supervisor lives. */
  runningState(): ClusterState | undefined {
    const state = this.readState();
    return state !== undefined && isAlive(state.supervisor) ? state : undefined;
  }

  /** Processes that outlived a supervisor that was killed. */
  leftOver(): ClusterState['processes'] {
    const state = this.readState();
    if (state === undefined || isAlive(state.supervisor)) return [];
    return state.processes.filter(isAlive);
  }

  writeState(state: ClusterState): void {
    const draft = `${this.#stateFile}.new`;
    // Addresses of servers may hold passwords.
    writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
    renameSync(draft, this.#stateFile);
  }

  removeState(): void {
    rmSync(this.#stateFile, { force: true });
  }

  get #stateFile(): string {
    return join(this.path, 'state.json');
  }
}
