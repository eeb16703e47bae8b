/**
 * The versions that the server has not taken yet, kept over a reload, per session. Each keeps its clientMessageId, so that
 * whoever asks for it again, from whichever tab, is understood as asking for the same.
 */
import { z } from 'zod';
import type { Environment } from './environment.ts';
import { KeptKeys } from './kept-keys.ts';
import { parseJson } from './parse-json.ts';

const messageId = z.string().min(1);
const requestSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['regenerate', 'continue']), messageId }),
  z.object({ kind: z.literal('edit'), messageId, content: z.string() }),
]);
/** Of the reply `messageId`; an edit: of the user's message. */
export type VersionRequest = z.infer<typeof requestSchema>;

const askedSchema = z.object({ request: requestSchema, clientMessageId: z.string().min(1), askedAt: z.number() });
export type AskedVersion = z.infer<typeof askedSchema>;

/** Whoever comes back later than that has forgotten what they asked for. */
const KEPT_MS = 24 * 3_600_000;

export class AskedVersions {
  private readonly env: Environment;
  private readonly keys: KeptKeys;

  constructor(env: Environment, url: string) {
    this.env = env;
    this.keys = new KeptKeys(env.storage, `holdfast.asked:${url}:`);
  }

  /** One of some session is under this key. */
  isKept(key: string): boolean {
    return this.keys.has(key);
  }

  /** The oldest of those that wait in this session. */
  of(sessionId: string): AskedVersion | null {
    const all = this.keys.in(sessionId).flatMap((key) => this.read(key) ?? []);
    return all.toSorted((one, other) => one.askedAt - other.askedAt)[0] ?? null;
  }

  /** False when a tab took it back, or the server has it. */
  has(sessionId: string, clientMessageId: string): boolean {
    return this.read(this.keys.of(sessionId, clientMessageId)) !== null;
  }

  keep(sessionId: string, asked: AskedVersion): void {
    this.env.storage.set(this.keys.of(sessionId, asked.clientMessageId), JSON.stringify(asked));
  }

  drop(sessionId: string, clientMessageId: string): void {
    this.env.storage.remove(this.keys.of(sessionId, clientMessageId));
  }

  /** Sessions in which one waits; what has waited for too long is forgotten. */
  sessions(): string[] {
    for (const key of this.keys.all()) if (this.read(key) === null) this.env.storage.remove(key);
    return [...new Set(this.keys.all().map((key) => this.keys.placeOf(key)))];
  }

  private read(key: string): AskedVersion | null {
    const asked = askedSchema.safeParse(parseJson(this.env.storage.get(key))).data;
    return asked !== undefined && this.env.clock.now() - asked.askedAt < KEPT_MS ? asked : null;
  }
}
