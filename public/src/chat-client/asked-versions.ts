/**
 * The version of each session that the server has not taken yet, kept over a reload. It keeps its clientMessageId, so that
 * whoever asks for it again, from whichever tab, is understood as asking for the same.
 */
import { z } from 'zod';
import type { Environment } from './environment.ts';
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
  private readonly prefix: string;

  constructor(env: Environment, url: string) {
    this.env = env;
    this.prefix = `holdfast.asked:${url}:`;
  }

  of(sessionId: string): AskedVersion | null {
    const asked = askedSchema.safeParse(parseJson(this.env.storage.get(this.prefix + sessionId))).data;
    return asked !== undefined && this.env.clock.now() - asked.askedAt < KEPT_MS ? asked : null;
  }

  keep(sessionId: string, asked: AskedVersion): void {
    this.env.storage.set(this.prefix + sessionId, JSON.stringify(asked));
  }

  /** Another tab may have asked for another one since: that stays. */
  drop(sessionId: string, clientMessageId: string): void {
    if (this.of(sessionId)?.clientMessageId === clientMessageId) this.env.storage.remove(this.prefix + sessionId);
  }

  /** Sessions in which one waits; what has waited for too long is forgotten. */
  sessions(): string[] {
    const all = this.keys().map((key) => key.slice(this.prefix.length));
    const due = all.filter((sessionId) => this.of(sessionId) !== null);
    for (const sessionId of all) if (!due.includes(sessionId)) this.env.storage.remove(this.prefix + sessionId);
    return due;
  }

  private keys(): string[] {
    return (this.env.storage.keys?.() ?? []).filter((key) => key.startsWith(this.prefix));
  }
}
