/** The environment of a real page. The only file of the client that touches the DOM. */
import { tabIdentity } from './browser-tab.ts';
import type { Environment, KeyValueStorage, UploadRequest, WakeReason } from './environment.ts';

/** A browser's timers overflow beyond this; a longer wait is not needed by anything here. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** A machine that sleeps fires no event in a visible tab; its timers come late. */
const TICK_MS = 2_000;
const LATE_MS = 4_000;

/** Without a secure context (plain http in a local network) there is no randomUUID. */
function newId(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** localStorage, or memory where the browser forbids it: the chat works, and forgets with the page. */
export function browserStorage(): KeyValueStorage {
  try {
    const { localStorage } = window;
    localStorage.setItem('holdfast.probe', '1');
    localStorage.removeItem('holdfast.probe');
    return {
      get: (key) => localStorage.getItem(key),
      set: (key, value) => localStorage.setItem(key, value),
      remove: (key) => localStorage.removeItem(key),
      keys: () => Object.keys(localStorage),
      lasting: true,
    };
  } catch (error) {
    console.warn('Storage is not available; settings last as long as this page.', error);
    return memoryStorage();
  }
}

export function memoryStorage(): KeyValueStorage {
  const values = new Map<string, string>();
  return {
    get: (key) => values.get(key) ?? null,
    set: (key, value) => void values.set(key, value),
    remove: (key) => void values.delete(key),
    keys: () => [...values.keys()],
    lasting: false,
  };
}

async function exclusively<T>(name: string, task: () => Promise<T>): Promise<T> {
  if (!('locks' in navigator)) return task();
  return navigator.locks.request(name, task);
}

function onWake(listener: (reason: WakeReason) => void): () => void {
  const network = (): void => listener('network');
  const visible = (): void => {
    if (document.visibilityState === 'visible') listener('visible');
  };
  const restored = (event: PageTransitionEvent): void => {
    if (event.persisted) listener('restored');
  };
  let last = Date.now();
  const ticking = window.setInterval(() => {
    if (Date.now() - last > TICK_MS + LATE_MS) listener('slept');
    last = Date.now();
  }, TICK_MS);
  window.addEventListener('online', network);
  document.addEventListener('visibilitychange', visible);
  window.addEventListener('pageshow', restored);
  return () => {
    window.clearInterval(ticking);
    window.removeEventListener('online', network);
    document.removeEventListener('visibilitychange', visible);
    window.removeEventListener('pageshow', restored);
  };
}

function onStored(listener: (key: string | null) => void): () => void {
  const stored = (event: StorageEvent): void => listener(event.key);
  window.addEventListener('storage', stored);
  return () => window.removeEventListener('storage', stored);
}

/** Only XMLHttpRequest tells how far an upload is. */
function upload(url: string, { method, headers, body, signal }: UploadRequest, progress: (sent: number) => void): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => progress(total > 0 ? loaded / total : 0);
    request.onload = () => {
      const wait = request.getResponseHeader('retry-after');
      resolve(new Response(request.responseText, { status: request.status, headers: wait === null ? {} : { 'retry-after': wait } }));
    };
    request.onerror = request.onabort = () => reject(new Error('The upload broke off.'));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    if (signal.aborted) return request.onabort(new ProgressEvent('abort'));
    request.send(body);
  });
}

export function browserEnvironment(storage: KeyValueStorage = browserStorage()): Environment {
  return {
    clock: {
      now: () => Date.now(),
      after(ms, task) {
        const timer = window.setTimeout(task, Math.min(ms, LONGEST_TIMER_MS));
        return () => window.clearTimeout(timer);
      },
    },
    random: Math.random,
    newId,
    fetch: window.fetch.bind(window),
    upload,
    storage,
    tab: tabIdentity(newId),
    onStored,
    exclusively,
    onWake,
  };
}
