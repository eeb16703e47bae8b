/** Keys of what is kept per place (a session's id, or a name for none) and id. Each thing has its own: tabs that write at once do not overwrite each other's. */
import type { KeyValueStorage } from './environment.ts';

export class KeptKeys {
  readonly prefix: string;
  private readonly storage: KeyValueStorage;

  /** `prefix` ends with a colon. Places have none. */
  constructor(storage: KeyValueStorage, prefix: string) {
    this.storage = storage;
    this.prefix = prefix;
  }

  has(key: string): boolean {
    return key.startsWith(this.prefix);
  }
  of(place: string, id: string): string {
    return `${this.prefix}${place}:${id}`;
  }
  placeOf(key: string): string {
    return key.slice(this.prefix.length).split(':')[0] ?? '';
  }
  all(): string[] {
    return (this.storage.keys?.() ?? []).filter((key) => this.has(key));
  }
  in(place: string): string[] {
    return this.all().filter((key) => this.placeOf(key) === place);
  }
}
