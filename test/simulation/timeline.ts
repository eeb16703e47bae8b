/**
 * What happened, in words. Off in the many runs, since words cost more than the steps; a run that breaks a rule is
 * played once more with it on, so that a counterexample can be read like a story.
 */
import type { Scheduler } from './scheduler.ts';

const LONGEST_LINE = 240;
const MOST_LINES = 400;

export class Timeline {
  readonly violations: string[] = [];
  readonly #scheduler: Scheduler;
  readonly #on: boolean;
  readonly #lines: string[] = [];
  /** Ids that are random get short names, so that two stories of one plan read the same. */
  readonly #names = new Map<string, string>();

  constructor(scheduler: Scheduler, on: boolean) {
    this.#scheduler = scheduler;
    this.#on = on;
  }

  note(who: string, what: () => string): void {
    if (this.#on) this.#write(who, what());
  }

  /** A rule is broken. The run goes on: what follows often explains it. */
  fail(who: string, what: string): void {
    this.violations.push(what);
    this.#write(who, `!!! ${what}`);
  }

  name(kind: string, id: string): string {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const name = `${kind}${[...this.#names.values()].filter((other) => other.startsWith(kind)).length + 1}`;
    this.#names.set(id, name);
    return name;
  }

  story(): string {
    const lines = this.#lines.slice(-MOST_LINES);
    return [...new Set(this.violations)].slice(0, 8).map((what) => `- ${this.#named(what)}`).concat(lines).join('\n');
  }

  #write(who: string, what: string): void {
    const text = `${this.#scheduler.now.toFixed(0).padStart(7)} ms  ${who.padEnd(8)} ${this.#named(what)}`;
    this.#lines.push(text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE)}…` : text);
  }

  #named(text: string): string {
    return text.replace(/[A-Za-z0-9]{16}/g, (id) => this.#names.get(id) ?? id);
  }
}

/** An object for the timeline; errors as their messages. */
export function shown(fields: object): string {
  return JSON.stringify(fields, (_key, value: unknown) => (value instanceof Error ? `${value.message}` : value));
}
