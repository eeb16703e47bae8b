/** Whether the server this page comes from has a newer build of the app than the one that runs. */
const OWN = new URL(import.meta.url).pathname;
const LIMIT_MS = 8_000;

export async function isOutdated(): Promise<boolean> {
  if (!import.meta.env.PROD) return false;
  try {
    const answer = await fetch(`${import.meta.env.BASE_URL}assets.json`, { cache: 'no-store', signal: AbortSignal.timeout(LIMIT_MS) });
    const { files } = (await answer.json()) as { files: string[] };
    return answer.ok && !files.some((file) => OWN.endsWith(`/${file}`));
  } catch {
    // Away, or a server without the list: nothing is known, and the page is as good as it was.
    return false;
  }
}
