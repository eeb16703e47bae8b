/**
 * Sessions somebody deleted a moment ago and may still want back. Kept in storage: a page that is closed before the
 * moment is over has said that they are gone, and the next one sees to it.
 */
import { z } from 'zod';
import type { Environment } from './environment.ts';
import { parseJson } from './parse-json.ts';

/** Older than this, nobody can undo it any more, whichever page it was. */
const OVERDUE_MS = 60_000;
const storedSchema = z.record(z.string(), z.number());

export class Removals {
  private readonly env: Environment;
  readonly key: string;

  constructor(env: Environment, key: string) {
    this.env = env;
    this.key = key;
  }

  has(sessionId: string): boolean {
    return Object.hasOwn(this.read(), sessionId);
  }
  add(sessionId: string): void {
    this.write({ ...this.read(), [sessionId]: this.env.clock.now() });
  }
  /** Nobody can undo it any more, and it is not done. */
  fallDue(sessionId: string): void {
    this.write({ ...this.read(), [sessionId]: 0 });
  }
  delete(sessionId: string): void {
    const { [sessionId]: _gone, ...rest } = this.read();
    this.write(rest);
  }
  overdue(): string[] {
    const limit = this.env.clock.now() - OVERDUE_MS;
    return Object.entries(this.read()).flatMap(([sessionId, at]) => (at < limit ? [sessionId] : []));
  }

  private read(): Record<string, number> {
    return storedSchema.safeParse(parseJson(this.env.storage.get(this.key))).data ?? {};
  }
  private write(removals: Record<string, number>): void {
    if (Object.keys(removals).length === 0) this.env.storage.remove(this.key);
    else this.env.storage.set(this.key, JSON.stringify(removals));
  }
}
