/**
 * For whom this page keeps things in the browser. Each user has a place there, under a random name, and all that is kept
 * is in one of these; a page stays in one place for its whole life. So what was written as one user is never found as
 * another, whatever other tabs do meanwhile.
 *
 * Before anybody is known, things are in nobody's place. That becomes the place of the guest whom the server makes, or of
 * whoever signs in there.
 */
import type { Environment, KeyValueStorage } from './environment.ts';
import { Observable } from './observable.ts';

const PLACE = 'holdfast.place:';
const MARK = '#';

export class Account {
  /** What is kept in this page's place, and nothing else; takes nothing more once it is over. */
  readonly storage: KeyValueStorage;
  /** True once this browser is somebody else's: this page neither keeps nor sends anything any more. */
  readonly over = new Observable(false);
  private readonly all: KeyValueStorage;
  private readonly prefix: string;
  private readonly place: string;

  /** `user` null: not known. */
  constructor(env: Environment, url: string, user: string | null) {
    this.all = env.storage;
    this.prefix = `${PLACE}${url}:`;
    const known = this.placeOf(user);
    this.place = known ?? env.newId();
    if (known === null) this.all.set(this.keyOfPlace(user), this.place);
    this.storage = this.view();
    this.sweep();
  }

  /** Where this page keeps what others call `key`. */
  keyOf(key: string): string {
    return `${key}${MARK}${this.place}`;
  }

  isOf(user: string | null): boolean {
    return this.placeOf(user) === this.place;
  }

  /** The place of one is the other's from now on, unless that one has a place. */
  hand(from: string | null, to: string | null): void {
    const place = this.placeOf(from);
    if (place === null || this.placeOf(to) !== null) return;
    this.all.set(this.keyOfPlace(to), place);
    this.all.remove(this.keyOfPlace(from));
  }

  /** Nothing of this user, or of nobody, stays in the browser. */
  leave(): void {
    for (const key of this.keys()) if (key.startsWith(this.prefix) && this.all.get(key) === this.place) this.all.remove(key);
    this.all.remove(this.keyOfPlace(null));
    this.end();
  }

  end(): void {
    if (this.over.value) return;
    this.over.set(true);
    this.sweep();
  }

  /** A tab that was told late has written for somebody who had left. */
  private sweep(): void {
    const places = new Set(this.keys().filter((key) => key.startsWith(PLACE)).map((key) => this.all.get(key)));
    for (const key of this.keys()) {
      const at = key.lastIndexOf(MARK);
      if (key.startsWith('holdfast.') && !key.startsWith(PLACE) && at >= 0 && !places.has(key.slice(at + 1))) this.all.remove(key);
    }
  }

  private view(): KeyValueStorage {
    const mark = MARK + this.place;
    const { all } = this;
    return {
      get: (key) => this.all.get(key + mark),
      set: (key, value) => void (this.over.value || this.all.set(key + mark, value)),
      remove: (key) => this.all.remove(key + mark),
      keys: () => this.keys().flatMap((key) => (key.endsWith(mark) ? [key.slice(0, -mark.length)] : [])),
      get lasting() {
        return all.lasting;
      },
    };
  }

  private keys(): string[] {
    return this.all.keys?.() ?? [];
  }
  private keyOfPlace(user: string | null): string {
    return this.prefix + (user ?? '');
  }
  private placeOf(user: string | null): string | null {
    return this.all.get(this.keyOfPlace(user));
  }
}
