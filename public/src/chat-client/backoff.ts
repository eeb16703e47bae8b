/** How long to wait before the next attempt. */

export interface Backoff {
  firstMs: number;
  capMs: number;
}

export const RECONNECT: Backoff = { firstMs: 400, capMs: 5_000 };
export const REOPEN: Backoff = { firstMs: 250, capMs: 5_000 };
export const RETRY: Backoff = { firstMs: 1_000, capMs: 8_000 };

/**
 * `attempt` 0 is at once; then the time doubles up to the cap. The upper half is random, so that many clients that
 * lost the same server do not come back in step.
 */
export function backoffMs(backoff: Backoff, attempt: number, random: () => number): number {
  if (attempt <= 0) return 0;
  const full = Math.min(backoff.capMs, backoff.firstMs * 2 ** (attempt - 1));
  return Math.round(full / 2 + random() * (full / 2));
}
