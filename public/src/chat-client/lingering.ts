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

  /** Closes it once all is through, or nothing of it can go on. */
  add(store: SessionStore): void {
    if (this.settled(store)) return this.ways.close(store);
    this.stores.add(store);
    const seen = new Set(store.snapshot.value.pending.filter(isRefused).map(({ clientMessageId }) => clientMessageId));
    const stop = store.snapshot.subscribe(() => {
      if (this.stores.has(store) && !this.settled(store)) return;
      stop();
      if (!this.stores.delete(store)) return;
      const { sessionId } = store;
      const { value: snapshot } = store.snapshot;
      const stranded = snapshot.pending.some((entry) => isGone(snapshot) || (isRefused(entry) && !seen.has(entry.clientMessageId)));
      if (sessionId !== null && stranded) this.ways.stranded(sessionId);
      this.ways.close(store);
    });
  }

  /** Somebody looks at it again. */
  delete(store: SessionStore): void {
    this.stores.delete(store);
  }

  clear(): void {
    this.stores.clear();
  }

  private settled(store: SessionStore): boolean {
    return store.idle || isGone(store.snapshot.value);
  }
}

function isRefused({ status }: PendingSend): boolean {
  return status === 'refused';
}

/** It was deleted, or is not there: nothing is sent into it any more. */
function isGone({ phase, view, error }: SessionSnapshot): boolean {
  return view?.deleted === true || (phase === 'failed' && error?.code === 'not-found');
}
