/** One node of the product, as moleculer-runner runs the build. Its output goes to its log file. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ending, type Member, type MemberEvents, type MemberState } from './member.ts';

const START_LIMIT_MS = 90_000;
const LOOK_EVERY_MS = 100;
const LOOK_LIMIT_MS = 1_000;
/** What a node gets beyond its own DRAIN_MS. */
const PATIENCE_MS = 5_000;

export interface NodePlan {
  name: string;
  logFile: string;
  /** Where /ready answers. */
  port: number;
  isGateway: boolean;
  command: readonly string[];
  cwd: string;
  drainMs: number;
  env(): NodeJS.ProcessEnv;
}

export class NodeMember implements Member {
  readonly kind = 'node';
  readonly plan: NodePlan;
  readonly #events: MemberEvents;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #state: MemberState = 'stopped';
  #note = '';

  constructor(plan: NodePlan, events: MemberEvents) {
    this.plan = plan;
    this.#events = events;
  }

  get name(): string {
    return this.plan.name;
  }
  get state(): MemberState {
    return this.#state;
  }
  get pid(): number | undefined {
    return this.#child?.pid;
  }
  get address(): string {
    return `127.0.0.1:${this.plan.port}${this.plan.isGateway ? '' : ' (probes)'}`;
  }
  get logFile(): string {
    return this.plan.logFile;
  }
  get note(): string {
    return this.#note;
  }

  async start(): Promise<void> {
    this.#spawn();
    const child = this.#child;
    const limit = Date.now() + START_LIMIT_MS;
    while (!(await this.#isReady())) {
      if (this.#child !== child) throw new Error(`${this.name} ended while starting (${this.#note}): ${this.#lastLine()}`);
      if (Date.now() > limit) throw new Error(`${this.name} runs and is not ready after ${START_LIMIT_MS / 1000} s; see ${this.logFile}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    if (this.#child === child && this.#state === 'starting') this.#state = 'ready';
  }

  async stop(): Promise<string> {
    const child = this.#child;
    if (child === undefined) return 'was not running';
    this.#state = 'stopping';
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), this.plan.drainMs + PATIENCE_MS);
    await this.#ended;
    clearTimeout(timer);
    return this.#note;
  }

  #spawn(): void {
    const [program = process.execPath, ...args] = this.plan.command;
    mkdirSync(dirname(this.logFile), { recursive: true });
    const log = openSync(this.logFile, 'a');
    this.#state = 'starting';
    this.#note = '';
    const child = spawn(program, args, { cwd: this.plan.cwd, env: this.plan.env(), stdio: ['ignore', log, log] });
    closeSync(log);
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => (this.#gone(error.message), resolve()));
      child.once('exit', (code, signal) => (this.#gone(ending(code, signal)), resolve()));
    });
    this.#events.changed(this);
  }

  #gone(how: string): void {
    if (this.#child === undefined) return;
    const before = this.#state;
    this.#child = undefined;
    this.#note = how;
    this.#state = before === 'stopping' ? 'stopped' : 'died';
    this.#events.changed(this);
    // One that ends while it starts is told by whoever starts it.
    if (before === 'ready') this.#events.died(this);
  }

  async #isReady(): Promise<boolean> {
    try {
      return (await fetch(`http://127.0.0.1:${this.plan.port}/ready`, { signal: AbortSignal.timeout(LOOK_LIMIT_MS) })).ok;
    } catch {
      return false;
    }
  }

  #lastLine(): string {
    const lines = readFileSync(this.logFile, 'utf8').trim().split('\n');
    return lines.findLast((line) => line.startsWith('holdfast: ')) ?? lines.at(-1) ?? '';
  }
}
