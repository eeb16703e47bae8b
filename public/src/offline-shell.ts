/** Lets the app open without a network, once somebody has used it: a new visitor does not load more than the first view. */
export function keepForOffline(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  navigator.serviceWorker.register(`${import.meta.env.BASE_URL}sw.js`).catch((error: unknown) => {
    console.warn('The app cannot be kept for when there is no network.', error);
  });
}
