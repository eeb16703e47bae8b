// The app without a network. Three rules: the page comes from the network and from the cache only when that fails or
// takes too long (the app then looks itself whether it is the newest, see new-version.ts); files with a hash in their
// name never change and come from the cache; answers of the API are never touched.
const CACHE = 'holdfast-app';
const PAGE_LIMIT_MS = 4_000;
const scope = new URL(self.registration.scope);
const page = scope.href;
const listUrl = new URL('assets.json', scope).href;

async function filesOf(response) {
  if (response === undefined || !response.ok) return [];
  const { files } = await response.json();
  return files.map((file) => new URL(file, scope).href);
}

/** Keeps everything of the newest build, and what the one before had: tabs of it may still be open. */
async function fill() {
  const cache = await caches.open(CACHE);
  const newest = await fetch(listUrl, { cache: 'no-store' });
  const wanted = await filesOf(newest.clone());
  if (wanted.length === 0) return;
  const before = await filesOf(await cache.match(listUrl));
  if (before.join() === wanted.join()) return;
  const missing = [];
  for (const url of wanted) if ((await cache.match(url)) === undefined) missing.push(url);
  await cache.addAll([...missing, new Request(page, { cache: 'no-store' })]);
  await cache.put(listUrl, newest);
  const kept = new Set([page, listUrl, ...wanted, ...before]);
  for (const request of await cache.keys()) if (!kept.has(request.url)) await cache.delete(request);
}

async function fromNetwork(request) {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), PAGE_LIMIT_MS);
  try {
    const response = await fetch(request.url, { signal: limit.signal, cache: 'no-cache', credentials: 'same-origin' });
    return response.status >= 500 ? null : response;
  } catch {
    // Away, or too slow.
    return null;
  } finally {
    clearTimeout(timer);
  }
}

async function thePage(event) {
  const response = await fromNetwork(event.request);
  if (response !== null) {
    event.waitUntil(fill().catch(() => undefined));
    return response;
  }
  return (await (await caches.open(CACHE)).match(page)) ?? Response.error();
}

async function fromCache(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request.url);
  if (kept !== undefined) return kept;
  const response = await fetch(request);
  if (response.ok) await cache.put(request.url, response.clone());
  return response;
}

async function networkFirst(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await (await caches.open(CACHE)).match(request.url);
    if (kept === undefined) throw error;
    return kept;
  }
}

self.addEventListener('install', (event) => event.waitUntil(fill().then(() => self.skipWaiting())));
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || !url.href.startsWith(scope.href) || url.href === listUrl) return;
  const path = url.pathname.slice(scope.pathname.length);
  if (path.startsWith('assets/')) event.respondWith(fromCache(request));
  else if (request.mode === 'navigate') {
    if (!/^(api|socket\.io|health|ready|metrics)(\/|$)/.test(path)) event.respondWith(thePage(event));
  } else if (/^[\w.-]+\.(js|svg|png|webmanifest)$/.test(path)) event.respondWith(networkFirst(request));
});
