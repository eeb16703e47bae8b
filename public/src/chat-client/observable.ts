/** The two smallest ways to be told of something, so that the client needs no framework. */

/** Something happens. */
export class Signal<T> {
  private readonly listeners = new Set<(value: T) => void>();

  /** The returned function ends the subscription. */
  subscribe(listener: (value: T) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  emit(value: T): void {
    for (const listener of [...this.listeners]) listener(value);
  }
}

/** Something is. Values are replaced, never changed in place. */
export class Observable<T> {
  private readonly changes = new Signal<T>();
  private current: T;

  constructor(initial: T) {
    this.current = initial;
  }

  get value(): T {
    return this.current;
  }

  set(value: T): void {
    if (Object.is(value, this.current)) return;
    this.current = value;
    this.changes.emit(value);
  }

  subscribe(listener: (value: T) => void): () => void {
    return this.changes.subscribe(listener);
  }
}
