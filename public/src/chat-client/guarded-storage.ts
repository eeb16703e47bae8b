/**
 * One of the browser's storages, which may be full or forbidden: nothing here throws. What it does not take lies in
 * memory over it, until there is room or the page goes; what it has can be read all the same.
 */
import type { KeyValueStorage } from './environment.ts';
import type { Observable } from './observable.ts';

/** What is needed of the browser's `Storage`. */
export interface StorageArea {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

function attempt<T>(task: () => T, otherwise: T): T {
  try {
    return task();
  } catch {
    return otherwise;
  }
}

export class GuardedStorage implements KeyValueStorage {
  /** null: forbidden. */
  private readonly area: StorageArea | null;
  private readonly full: Observable<boolean>;
  /** What had no room, and what lay under it then. */
  private readonly over = new Map<string, { value: string; under: string | null }>();

  /** `full` becomes true when something had no room. */
  constructor(open: () => StorageArea | null, full: Observable<boolean>) {
    this.area = attempt(open, null);
    this.full = full;
  }

  get lasting(): boolean {
    return this.area !== null && this.over.size === 0;
  }

  get(key: string): string | null {
    const stored = this.stored(key);
    const waiting = this.over.get(key);
    if (waiting === undefined) return stored;
    if (waiting.under === stored) return waiting.value;
    // Another tab wrote it since: that is newer.
    this.over.delete(key);
    return stored;
  }

  set(key: string, value: string): void {
    if (this.put(key, value)) return void this.over.delete(key);
    this.over.set(key, { value, under: this.stored(key) });
    if (this.area !== null) this.full.set(true);
  }

  remove(key: string): void {
    this.over.delete(key);
    attempt(() => this.area?.removeItem(key), undefined);
    this.settle();
  }

  keys(): string[] {
    const { area } = this;
    const stored = attempt(() => Array.from({ length: area?.length ?? 0 }, (_, index) => area?.key(index) ?? null), []);
    return [...new Set([...stored.filter((key) => key !== null), ...this.over.keys()])];
  }

  /** Something is gone: there may be room for what had none. */
  private settle(): void {
    for (const key of [...this.over.keys()]) {
      const value = this.get(key);
      if (this.over.has(key) && value !== null && this.put(key, value)) this.over.delete(key);
    }
  }

  private stored(key: string): string | null {
    return attempt(() => this.area?.getItem(key) ?? null, null);
  }

  private put(key: string, value: string): boolean {
    const { area } = this;
    if (area === null) return false;
    return attempt(() => {
      area.setItem(key, value);
      return true;
    }, false);
  }
}
