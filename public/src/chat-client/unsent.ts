/**
 * Messages that the server has not taken yet, kept over a reload, per session. They keep their clientMessageId, so that
 * whoever sends one of them again, from whichever tab, is understood as sending the same. One that was taken back, or went to
 * another chat, leaves a mark, as other tabs may have it too.
 *
 * A message of a chat that has no id yet belongs to the tab it was written in: two tabs must not begin a chat with it
 * each. When that tab is gone, the next new chat takes it over.
 */
import { z } from 'zod';
import { fileSchema } from '../../../src/protocol/wire.ts';
import type { Environment } from './environment.ts';
import { KeptKeys } from './kept-keys.ts';
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
const markSchema = z.object({ goneAt: z.number() });

const NEW = 'new';
/** A tab that slept for longer than that with a message comes too late to be told that it is gone. */
const MARKED_MS = 7 * 24 * 3_600_000;

export class Unsent {
  private readonly env: Environment;
  private readonly keys: KeptKeys;
  /** What this tab wrote. Two tabs may hold one message and differ in what they know of it: neither corrects the other. */
  private readonly written = new Map<string, string>();

  constructor(env: Environment, url: string) {
    this.env = env;
    this.keys = new KeptKeys(env.storage, `holdfast.unsent:${url}:`);
  }

  get tab(): string {
    return this.env.tab?.id ?? 'only';
  }

  /** One of some session is under this key. */
  isKept(key: string): boolean {
    return this.keys.has(key);
  }

  /** Oldest first. */
  of(place: string): UnsentMessage[] {
    const kept = this.keys.in(place).flatMap((key) => this.read(key) ?? []);
    return kept.toSorted((one, other) => one.createdAt - other.createdAt);
  }

  /** Sessions with messages that wait. */
  sessions(): string[] {
    for (const key of this.keys.all()) {
      const goneAt = this.goneAt(key);
      if (goneAt !== null && this.env.clock.now() - goneAt > MARKED_MS) this.env.storage.remove(key);
    }
    return [...new Set(this.keys.all().filter((key) => this.read(key) !== null).map((key) => this.keys.placeOf(key)))].filter((place) => place !== NEW);
  }

  /** `now` in place of what is kept under these ids, here or under the id the chat had before. */
  replace(sessionId: string | null, before: { sessionId: string | null; ids: readonly string[] }, now: readonly UnsentMessage[]): void {
    const keys = new Set(now.map(({ clientMessageId }) => this.keyOf(sessionId, clientMessageId)));
    for (const entry of now) this.write(this.keyOf(sessionId, entry.clientMessageId), entry);
    for (const id of before.ids) {
      const key = this.keyOf(before.sessionId, id);
      if (keys.has(key)) continue;
      if (before.sessionId !== sessionId) this.mark(key);
      else this.remove(key);
    }
  }

  takeBack(sessionId: string | null, clientMessageId: string): void {
    this.mark(this.keyOf(sessionId, clientMessageId));
  }

  /** Taken back, gone to another chat, or of a new chat and another tab's by now: not for this tab to send any more. */
  isGone(sessionId: string | null, clientMessageId: string): boolean {
    const key = this.keyOf(sessionId, clientMessageId);
    if (this.goneAt(key) !== null) return true;
    const entry = sessionId === null ? this.read(key) : null;
    return entry !== null && entry.tab !== this.tab && this.env.storage.get(key) !== this.written.get(key);
  }

  /** Messages of new chats that are this tab's, or nobody's any more; from now on they are this tab's. */
  async adopt(): Promise<UnsentMessage[]> {
    if (this.of(NEW).length === 0) return [];
    // What is written from here on is shown where it is written.
    const taken = new Set(this.of(NEW).flatMap((entry) => (entry.tab === this.tab ? [entry.clientMessageId] : [])));
    return this.env.exclusively(`${this.keys.prefix}${NEW}`, async () => {
      const owners = [...new Set(this.of(NEW).map((entry) => entry.tab))];
      const dead = new Set<string>();
      for (const owner of owners) if (owner !== this.tab && !((await this.env.tab?.isAlive(owner)) ?? false)) dead.add(owner);
      for (const entry of this.of(NEW)) {
        if (!dead.has(entry.tab)) continue;
        this.write(this.keyOf(null, entry.clientMessageId), { ...entry, tab: this.tab });
        taken.add(entry.clientMessageId);
      }
      return this.of(NEW).filter((entry) => entry.tab === this.tab && taken.has(entry.clientMessageId));
    });
  }

  private read(key: string): UnsentMessage | null {
    return entrySchema.safeParse(parseJson(this.env.storage.get(key))).data ?? null;
  }
  private goneAt(key: string): number | null {
    return markSchema.safeParse(parseJson(this.env.storage.get(key))).data?.goneAt ?? null;
  }
  private mark(key: string): void {
    this.written.delete(key);
    this.env.storage.set(key, JSON.stringify({ goneAt: this.env.clock.now() }));
  }
  private remove(key: string): void {
    this.written.delete(key);
    this.env.storage.remove(key);
  }
  private write(key: string, entry: UnsentMessage): void {
    const text = JSON.stringify(entry);
    if (this.written.get(key) === text) return;
    this.written.set(key, text);
    this.env.storage.set(key, text);
  }
  private keyOf(sessionId: string | null, clientMessageId: string): string {
    return this.keys.of(sessionId ?? NEW, clientMessageId);
  }
}
