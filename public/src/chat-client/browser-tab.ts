/** Which tab this is: an id that a reload keeps, and a sign of life as long as the tab lives. */
import { tabStorage } from './browser-storage.ts';
import type { TabIdentity } from './environment.ts';

const KEY = 'holdfast.tab';

/** How tabs know of each other. */
interface Life {
  /** Whether another tab with this id lives. */
  isAlive(id: string): Promise<boolean>;
  /** From now on this tab lives under `id`; false: another one does. */
  begin(id: string): Promise<boolean>;
}

export function tabIdentity(newId: () => string): TabIdentity {
  let id = tabStorage.get(KEY) ?? newId();
  tabStorage.set(KEY, id);
  const life = 'locks' in navigator ? lifeByLocks() : lifeByCalls();
  // A duplicated tab comes with the id of the first one, which still lives.
  void life.begin(id).then((mine) => {
    if (mine) return;
    id = newId();
    tabStorage.set(KEY, id);
    void life.begin(id);
  });
  return {
    get id() {
      return id;
    },
    isAlive: (other) => life.isAlive(other),
  };
}

/** A lock that is held until the page goes. Where storage is forbidden, so are locks; there is nothing to share there. */
function lifeByLocks(): Life {
  const lockOf = (id: string): string => `holdfast.tab:${id}`;
  return {
    async isAlive(id) {
      const { held = [] } = await navigator.locks.query().catch(() => ({ held: [] as LockInfo[] }));
      return held.some(({ name }) => name === lockOf(id));
    },
    begin: (id) => new Promise((resolve) => {
      navigator.locks.request(lockOf(id), { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock === null ? undefined : new Promise<never>(() => {});
      }).catch(() => resolve(true));
    }),
  };
}

/** Longer than a busy tab takes to answer. */
const ANSWER_MS = 500;
type Call = { who: string } | { here: string };

/** Without a secure context (plain http in a local network) there are no locks: tabs ask each other. */
function lifeByCalls(): Life {
  const channel = openChannel();
  if (channel === null) return { isAlive: () => Promise.resolve(false), begin: () => Promise.resolve(true) };
  let own: string | null = null;
  const heard = new EventTarget();
  channel.addEventListener('message', ({ data }: MessageEvent<Call>) => {
    if ('here' in data) heard.dispatchEvent(new Event(data.here));
    else if (data.who === own) channel.postMessage({ here: data.who } satisfies Call);
  });
  const isAlive = (id: string): Promise<boolean> => new Promise((resolve) => {
    const late = AbortSignal.timeout(ANSWER_MS);
    late.addEventListener('abort', () => resolve(false));
    heard.addEventListener(id, () => resolve(true), { once: true, signal: late });
    channel.postMessage({ who: id } satisfies Call);
  });
  return {
    isAlive,
    async begin(id) {
      own = id;
      const taken = await isAlive(id);
      if (taken) own = null;
      return !taken;
    },
  };
}

function openChannel(): BroadcastChannel | null {
  try {
    return new BroadcastChannel('holdfast.tabs');
  } catch {
    // Forbidden as storage is: there is nothing to share.
    return null;
  }
}
