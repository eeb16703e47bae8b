/** The environment of a real page. Only the files of this name, browser-*, know that there is a browser. */
import { browserStorage } from './browser-storage.ts';
import { tabIdentity } from './browser-tab.ts';
import type { Environment, UploadRequest, WakeReason } from './environment.ts';

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

/** Where storage is forbidden, so are locks; nothing is shared with other tabs there. */
async function exclusively<T>(name: string, task: () => Promise<T>): Promise<T> {
  if (!('locks' in navigator)) return task();
  let begun = false;
  const once = (): Promise<T> => {
    begun = true;
    return task();
  };
  try {
    return await navigator.locks.request(name, once);
  } catch (error) {
    if (begun) throw error;
    return task();
  }
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

export function browserEnvironment(): Environment {
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
    storage: browserStorage,
    tab: tabIdentity(newId),
    onStored,
    exclusively,
    onWake,
  };
}
