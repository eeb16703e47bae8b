/** Sessions nobody looks at any more, while something of them is still on its way. */
import type { PendingSend } from './outbox.ts';
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
    const refused = store.snapshot.value.pending.filter(isRefused).map(({ clientMessageId }) => clientMessageId);
    const known = new Set(seen ? refused : []);
    if (this.settled(store)) return this.end(store, seen ? null : known);
    this.stores.add(store);
    const stop = store.snapshot.subscribe(() => {
      if (this.stores.has(store) && !this.settled(store)) return;
      stop();
      if (!this.stores.delete(store)) return;
      this.end(store, known);
    });
  }

  /** Somebody looks at it again. */
  delete(store: SessionStore): void {
    this.stores.delete(store);
  }

  clear(): void {
    this.stores.clear();
  }

  /** `known`: refused messages that were seen; null: all of it was. */
  private end(store: SessionStore, known: ReadonlySet<string> | null): void {
    const { sessionId } = store;
    const { value: snapshot } = store.snapshot;
    const stranded = snapshot.pending.some((entry) => isGone(snapshot) || (isRefused(entry) && known?.has(entry.clientMessageId) === false));
    if (sessionId !== null && known !== null && stranded) this.ways.stranded(sessionId);
    this.ways.close(store);
  }

  private settled(store: SessionStore): boolean {
    return store.idle || isGone(store.snapshot.value);
  }
}

function isRefused({ status }: PendingSend): boolean {
  return status === 'refused';
}

/** It was deleted, is not there, or cannot be opened: nothing is sent into it any more. */
function isGone({ phase, view }: SessionSnapshot): boolean {
  return view?.deleted === true || phase === 'failed';
}
