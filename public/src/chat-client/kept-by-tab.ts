/**
 * What belongs to the tab it was made in, one value per chat: the draft somebody writes, the files that go with it. It is
 * there after a reload, and no other tab shows, changes or removes it. When its tab is gone, the next tab that opens the
 * chat takes it over.
 */
import { z } from 'zod';
import type { Environment } from './environment.ts';
import { parseJson } from './parse-json.ts';

const keptSchema = z.object({ value: z.string(), at: z.number() });
interface Place {
  key: string;
  chat: string;
  tab: string;
}

/** Older ones are forgotten: nobody came back to them. */
const MOST = 50;
const NEW = 'new';

export class KeptByTab {
  private readonly env: Environment;
  private readonly prefix: string;

  /** `prefix`: of its keys in storage. */
  constructor(env: Environment, prefix: string) {
    this.env = env;
    this.prefix = prefix;
  }

  /** `chat`: a session's id, or null for the new chat. */
  get(chat: string | null): string | null {
    return this.read(this.keyOf(chat))?.value ?? null;
  }

  set(chat: string | null, value: string): void {
    const key = this.keyOf(chat);
    if (this.env.storage.get(key) === null) this.makeRoom();
    this.env.storage.set(key, JSON.stringify({ value, at: this.env.clock.now() }));
  }

  remove(chat: string | null): void {
    const key = this.keyOf(chat);
    if (this.env.storage.get(key) !== null) this.env.storage.remove(key);
  }

  /** Of this tab or of another. */
  has(chat: string): boolean {
    return this.places().some((place) => place.chat === chat);
  }

  /** Offers what tabs that are gone have left of this chat, the newest first; `take` keeps it as this tab's, or answers false. */
  async takeOver(chat: string | null, take: (value: string) => boolean): Promise<void> {
    const left = (): Place[] => this.places().filter((place) => place.chat === (chat ?? NEW) && place.tab !== this.tab);
    if (left().length === 0) return;
    await this.env.exclusively(`${this.prefix}${chat ?? NEW}`, async () => {
      for (const { key, tab } of this.newestFirst(left())) {
        if ((await this.env.tab?.isAlive(tab)) ?? false) continue;
        const kept = this.read(key);
        if (kept === null || take(kept.value)) this.env.storage.remove(key);
      }
    });
  }

  /** Nothing of this user stays in the browser. */
  clear(): void {
    for (const { key } of this.places()) this.env.storage.remove(key);
  }

  private get tab(): string {
    return this.env.tab?.id ?? 'only';
  }

  private keyOf(chat: string | null): string {
    return `${this.prefix}${chat ?? NEW}:${this.tab}`;
  }

  private read(key: string): z.infer<typeof keptSchema> | null {
    return keptSchema.safeParse(parseJson(this.env.storage.get(key))).data ?? null;
  }

  private places(): Place[] {
    return (this.env.storage.keys?.() ?? []).flatMap((key) => {
      if (!key.startsWith(this.prefix)) return [];
      const [chat, tab, more] = key.slice(this.prefix.length).split(':');
      // The address of another server may begin as this one's.
      return chat === undefined || tab === undefined || more !== undefined ? [] : [{ key, chat, tab }];
    });
  }

  private newestFirst(places: readonly Place[]): Place[] {
    const at = new Map(places.map(({ key }) => [key, this.read(key)?.at ?? 0]));
    return [...places].sort((a, b) => (at.get(b.key) ?? 0) - (at.get(a.key) ?? 0));
  }

  private makeRoom(): void {
    for (const { key } of this.newestFirst(this.places()).slice(MOST - 1)) this.env.storage.remove(key);
  }
}
