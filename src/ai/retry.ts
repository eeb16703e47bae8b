/** Whether a failed attempt is made again. Only asked while no token has come: after that a repeat would show twice. */
import type { Random } from '../clock.ts';
import { wireError, type WireError } from '../protocol/errors.ts';
import type { ProviderError } from './providers/provider.ts';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;

export interface Failure {
  error: ProviderError;
  /** Attempts made so far, at least 1. */
  attempts: number;
  /** Repeats allowed. */
  retries: number;
  /** What is left until the first-token deadline, in ms. */
  remainingMs: number;
}
export type Verdict = { retryInMs: number } | { fail: WireError };

/** Doubling pauses with jitter (half to whole), never shorter than what the server asked for. */
export function judge(failure: Failure, random: Random): Verdict {
  const { error, attempts, retries, remainingMs } = failure;
  const fail = wireError(error.code, error.message, error.retryAfterMs);
  if (!error.transient || attempts > retries) return { fail };
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1));
  const retryInMs = Math.max(error.retryAfterMs ?? 0, pause * (0.5 + random() / 2));
  return retryInMs < remainingMs ? { retryInMs } : { fail };
}
