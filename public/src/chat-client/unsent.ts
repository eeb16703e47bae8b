/**
 * Messages that the server has not taken yet, kept over a reload, per session. They keep their clientMessageId, so that
 * whoever sends one of them again, from whichever tab, is understood as sending the same.
 *
 * A message of a chat that has no id yet belongs to the tab it was written in: two tabs must not begin a chat with it
 * each. When that tab is gone, the next new chat takes it over.
 */
import { z } from 'zod';
import { fileSchema } from '../../../src/protocol/wire.ts';
import type { Environment } from './environment.ts';
import { parseJson } from './parse-json.ts';

const entrySchema = z.object({
  clientMessageId: z.string().min(1),
  content: z.string(),
  files: z.array(fileSchema).optional(),
  createdAt: z.number(),
  refused: z.boolean(),
  /** Its chat was made for it, and has nothing else yet: without that chat, it begins another. */
  begins: z.boolean().optional(),
  /** Whose it is while its chat has no id. */
  tab: z.string(),
});
export type UnsentMessage = z.infer<typeof entrySchema>;
const listSchema = z.array(entrySchema);

const NEW = 'new';

export class Unsent {
  private readonly env: Environment;
  private readonly prefix: string;

  constructor(env: Environment, url: string) {
    this.env = env;
    this.prefix = `holdfast.unsent:${url}:`;
  }

  get tab(): string {
    return this.env.tab?.id ?? 'only';
  }

  of(sessionId: string): UnsentMessage[] {
    return this.read(sessionId);
  }

  /** Sessions with messages that wait. */
  sessions(): string[] {
    const keys = this.env.storage.keys?.() ?? [];
    return keys.flatMap((key) => (key.startsWith(this.prefix) ? [key.slice(this.prefix.length)] : [])).filter((id) => id !== NEW);
  }

  /** `now` in place of what is kept under these ids, here or under the id the chat had before. Messages of others stay. */
  replace(sessionId: string | null, before: { sessionId: string | null; ids: readonly string[] }, now: readonly UnsentMessage[]): void {
    const place = sessionId ?? NEW;
    const former = before.sessionId ?? NEW;
    const gone = new Set([...before.ids, ...now.map((entry) => entry.clientMessageId)]);
    const others = (where: string): UnsentMessage[] => this.read(where).filter((entry) => !gone.has(entry.clientMessageId));
    this.write(place, [...others(place), ...now]);
    if (former !== place) this.write(former, others(former));
  }

  /** Messages of new chats that are this tab's, or nobody's any more; from now on they are this tab's. */
  async adopt(): Promise<UnsentMessage[]> {
    if (this.read(NEW).length === 0) return [];
    return this.env.exclusively(`${this.prefix}${NEW}`, async () => {
      const entries = this.read(NEW);
      const owners = [...new Set(entries.map((entry) => entry.tab))];
      const dead = new Set<string>();
      for (const owner of owners) if (owner !== this.tab && !((await this.env.tab?.isAlive(owner)) ?? false)) dead.add(owner);
      const all = this.read(NEW).map((entry) => (dead.has(entry.tab) ? { ...entry, tab: this.tab } : entry));
      this.write(NEW, all);
      return all.filter((entry) => entry.tab === this.tab);
    });
  }

  private read(place: string): UnsentMessage[] {
    return listSchema.safeParse(parseJson(this.env.storage.get(this.prefix + place))).data ?? [];
  }
  private write(place: string, entries: readonly UnsentMessage[]): void {
    const key = this.prefix + place;
    if (entries.length > 0) this.env.storage.set(key, JSON.stringify(entries));
    else if (this.env.storage.get(key) !== null) this.env.storage.remove(key);
  }
}
