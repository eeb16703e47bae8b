/** Sessions nobody looks at any more, while something of them is still on its way. */
import type { SessionSnapshot, SessionStore } from './session-store.ts';

interface Ways {
  close: (store: SessionStore) => void;
  /** A message of it cannot be sent, and nobody saw that: it stays in storage until its session is opened. */
  stranded: (sessionId: string) => void;
}

export class Lingering {
  private readonly stores = new Set<SessionStore>();
  private readonly ways: Ways;

  constructor(ways: Ways) {
    this.ways = ways;
  }

  /** Closes it once all is through, or nothing of it can go on. `seen`: somebody looked at it until now. */
  add(store: SessionStore, seen: boolean): void {
    if (seen && settled(store)) return this.ways.close(store);
    const known = new Set(seen ? refusedOf(store) : []);
    if (settled(store)) return this.end(store, known);
    this.stores.add(store);
    const stop = store.snapshot.subscribe(() => {
      if (this.stores.has(store) && !settled(store)) return;
      stop();
      if (this.stores.delete(store)) this.end(store, known);
    });
  }

  /** Somebody looks at it again. */
  delete(store: SessionStore): void {
    this.stores.delete(store);
  }

  clear(): void {
    this.stores.clear();
  }

  /** `known`: refused messages that somebody saw. */
  private end(store: SessionStore, known: ReadonlySet<string>): void {
    const { sessionId } = store;
    const { value: snapshot } = store.snapshot;
    const stranded = refusedOf(store).some((id) => !known.has(id)) || (isGone(snapshot) && snapshot.pending.length > 0);
    if (sessionId !== null && stranded) this.ways.stranded(sessionId);
    this.ways.close(store);
  }
}

function settled(store: SessionStore): boolean {
  return store.idle || isGone(store.snapshot.value);
}

function refusedOf({ snapshot }: SessionStore): string[] {
  return snapshot.value.pending.flatMap(({ status, clientMessageId }) => (status === 'refused' ? [clientMessageId] : []));
}

/** It was deleted, is not there, or cannot be opened: nothing is sent into it any more. */
function isGone({ phase, view }: SessionSnapshot): boolean {
  return view?.deleted === true || phase === 'failed';
}
